"""Links lead where they were made to lead, and tell of people, not of machines."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from customers.actions import grant_consent
from customers.models import Purpose
from marketing import actions, sending
from marketing.mail import links
from marketing.models import CampaignMember, Click
from tests.samples import make

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def member(campaign: Campaign, recipient: Any, mail_server: Any) -> CampaignMember:
    """Send a campaign with open and click tracking to one customer, a while ago."""
    recipient("Ada")
    campaign.tracks_opens, campaign.utm_source, campaign.utm_campaign = True, "news", "spring"
    campaign.save()
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    CampaignMember.objects.update(claimed_at=timezone.now() - timedelta(minutes=1))
    return CampaignMember.objects.get()


def html_of(mail_server: Any) -> str:
    return str(list(mail_server.message().iter_parts())[1].get_content())


def path_in(mail_server: Any, kind: str) -> str:
    found = re.search(rf"http://127\.0\.0\.1:8000(/m/{kind}/[^\"]+)", html_of(mail_server))
    assert found is not None
    return found[1]


def test_a_click_leads_to_the_target_and_is_noted(member: Any, mail_server: Any, client: Any) -> None:
    answer = client.get(path_in(mail_server, "c"), headers=PERSON)
    assert answer.status_code == 302
    assert answer["Location"] == "https://shop.example/sale?id=7&utm_source=news&utm_campaign=spring"
    member.refresh_from_db()
    assert member.state == "clicked"
    assert list(Click.objects.values_list("url", "count")) == [("https://shop.example/sale", 1)]


def test_a_link_that_was_changed_leads_nowhere(member: Any, client: Any) -> None:
    token = links.CLICK.url(member.pk.hex, "https://shop.example/").rpartition("/")[2]
    value, _colon, mac = token.rpartition(":")
    other = links.OPEN.url(member.pk.hex, "https://evil.example/").rpartition("/")[2]
    for bad in (value, f"{value}x:{mac}", f"{value}:{mac[:-1]}", other):
        answer = client.get(f"/m/c/{bad}", headers=PERSON)
        assert (answer.status_code, answer.headers.get("Location")) == (404, None)
    assert not Click.objects.exists()


def test_opening_is_noted_once(member: Any, mail_server: Any, client: Any) -> None:
    for _time in range(2):
        answer = client.get(path_in(mail_server, "o"), headers=PERSON)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    first = CampaignMember.objects.get()
    assert first.state == "opened"
    assert first.opened_at is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"},
        {"User-Agent": "Mozilla/5.0 Googlebot/2.1"},
        {"User-Agent": ""},
        {**PERSON, "Sec-GPC": "1"},
        {**PERSON, "DNT": "1"},
        {**PERSON, "Sec-Purpose": "prefetch"},
    ],
)
def test_machines_and_who_objects_are_led_but_not_noted(
    member: Any, mail_server: Any, client: Any, headers: Any
) -> None:
    assert client.get(path_in(mail_server, "c"), headers=headers).status_code == 302
    assert client.head(path_in(mail_server, "c"), headers=PERSON).status_code == 302
    member.refresh_from_db()
    assert (member.state, Click.objects.count()) == ("sent", 0)


def test_a_click_within_two_seconds_is_a_machines(member: Any, mail_server: Any, client: Any) -> None:
    CampaignMember.objects.update(claimed_at=timezone.now())
    client.get(path_in(mail_server, "c"), headers=PERSON)
    member.refresh_from_db()
    assert member.state == "sent"


def test_who_did_not_agree_to_tracking_gets_plain_links(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    tracking = make(Purpose, name="tracking", channel="email")
    campaign.tracking_purpose, campaign.tracks_opens = tracking, True
    campaign.save()
    ada = recipient("Ada")
    recipient("Bob")
    grant_consent(customer=ada, purpose=tracking, source="form", by=None)
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    tracked = {to for _from, to, content in mail_server.got if b"/m/c/" in content.replace(b"=\r\n", b"")}
    assert tracked == {"ada@example.com"}
