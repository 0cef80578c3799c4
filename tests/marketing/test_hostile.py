"""Templates that would take all there is, links that would tell too much, and strangers who say that mail came back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from crm.privacy.actions import erase_person
from customers.actions import grant_consent, withdraw_consent
from customers.models import Purpose
from marketing import actions, looking, sending
from marketing.mail import bounces, links, providers
from marketing.models import CampaignMember, Click, Suppression
from marketing.placeholders import check
from marketing.quiet import after_quiet_hours
from tests.marketing.test_bounces import report
from tests.marketing.test_sending import begin, states
from tests.samples import make

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def path_of(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "source",
    [
        "{{ (1..99999999) | join: 'x' | size }}",
        "{% assign a = (1..99999999) %}",
        "{% if (1..999999999) contains 'x' %}{% endif %}",
        "{% if true %}{% for a in (1..2) %}{{ (1..999999999) | sum }}{% endfor %}{% endif %}",
    ],
)
def test_a_range_stands_only_where_a_loop_counts(source: str) -> None:
    assert check(source) == "Line 1: a range such as (1..9) stands only where a loop counts."
    assert check("{% for a in (1..3) %}{{ a | plus: 1 }}…{% endfor %}") == ""


def test_filters_make_no_more_than_fits() -> None:
    source = "{{ 'x' " + "| replace: 'x', 'xxxxxxxxxx' " * 12 + "| size }}"
    assert check(source) == "Line 1: a filter makes too much"
    assert check("{{ 'now' " + "| times: 99999999999999999999 " * 300 + "}}") == ""


def test_a_value_that_a_filter_cannot_take_holds_up_nobody_else(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    template: Any = campaign.template
    template.html = "{{ customer.job_title | date: '%Y' }}"
    template.clean()
    template.save()
    recipient("Ada", job_title="1" * 30)
    recipient("Bob")
    assert begin(campaign).status == "sent"
    assert states(campaign) == {"Ada": "skipped unrenderable", "Bob": "sent"}


@pytest.mark.parametrize("is_erased", [False, True])
def test_who_objects_later_is_led_but_no_longer_noted(
    campaign: Campaign, recipient: Any, mail_server: Any, client: Any, is_erased: Any
) -> None:
    campaign.tracking_purpose = make(Purpose, name="tracking", channel="email")
    campaign.save()
    ada = recipient("Ada")
    grant_consent(customer=ada, purpose=campaign.tracking_purpose, source="form", by=None)
    begin(campaign)
    CampaignMember.objects.update(claimed_at=timezone.now() - timedelta(minutes=1))
    if is_erased:
        erase_person(customer=ada, by=None, reason="asked")
    else:
        withdraw_consent(customer=ada, purpose=campaign.tracking_purpose, source="form", by=None)
    url = links.CLICK.url(CampaignMember.objects.get().pk.hex, "https://shop.example/")
    assert client.get(path_of(url), headers=PERSON).status_code == 302
    assert (CampaignMember.objects.get().state, Click.objects.count()) == ("sent", 0)


def test_whoever_gets_a_test_reaches_nothing_of_the_customer(campaign: Campaign, recipient: Any, client: Any) -> None:
    template: Any = campaign.template
    template.html = '<a href="{{ preferences_url }}">Preferences</a>'
    template.save()
    ada = recipient("Ada")
    looking.send_test(campaign=campaign, customer=ada, to="me@example.com")
    assert "/preferences/" not in mail.outbox[0].message().as_string().replace("=\n", "")
    page = client.get(path_of(links.unsubscribe_url(campaign, ada, links.NOBODY)))
    assert page.status_code == 200
    assert b"Your preferences" not in page.content


@pytest.mark.parametrize("status", ["5.7.1", "5.2.2"])
def test_what_came_back_but_not_for_the_address_suppresses_nothing(
    campaign: Campaign, recipient: Any, mail_server: Any, status: str
) -> None:
    recipient("Ada")
    begin(campaign)
    member = CampaignMember.objects.get().pk.hex
    found = bounces.read(report(member, status=status).encode())
    assert found is not None
    assert (found.is_permanent, found.detail) == (False, f"{status} 550 No such user")
    event = SimpleNamespace(event_type="bounced", metadata={"member": member}, description="", reject_reason="blocked")
    providers.heard(sender=None, event=event, esp_name="Any")
    assert not Suppression.objects.exists()


def test_a_few_members_compare_both_subjects(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    for name in ("Ada", "Bob", "Cy"):
        recipient(name)
    campaign.subject_b = "Second"
    campaign.save()
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    assert sorted(CampaignMember.objects.values_list("variant", flat=True)) == ["", "a", "b"]
    sending.send_turn(campaign.pk)
    assert len(mail_server.got) == 2


def test_a_suppressed_address_becomes_no_other(api_client: Any, marketer: Any) -> None:
    client = api_client(marketer, "marketing:read", "marketing:write")
    made = client.post("/api/v1/suppressions", {"address": "ada@example.com"}).json()
    path = f"/api/v1/suppressions/{made['id']}"
    refused = client.patch(path, {"address": "bob@example.com"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "fixed")
    assert client.patch(path, {"address": "ADA@example.com", "detail": "By phone"}).status_code == 200
    assert list(Suppression.objects.values_list("address", "detail")) == [("ada@example.com", "By phone")]


def test_an_empty_value_among_several_is_refused(api_client: Any, marketer: Any) -> None:
    client = api_client(marketer, "marketing:read")
    assert client.get("/api/v1/campaign-members?reason__in=,").json()["errors"][0]["code"] == "empty"
    assert client.get("/api/v1/campaign-members?reason__in=suppressed,cancelled").status_code == 200


def test_a_report_that_nobody_can_read_is_no_report(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada")
    begin(campaign)
    said = report(CampaignMember.objects.get().pk.hex).encode()
    assert bounces.read(said) is not None
    assert bounces.read(said.replace(b"Action: ", b"Action: \xff")) is None


@pytest.mark.parametrize(("now", "end"), [("05:15", "05:30"), ("06:15", "06:30"), ("06:45", "06:45")])
def test_quiet_hours_last_through_the_hour_that_comes_twice(campaign: Campaign, now: str, end: str) -> None:
    campaign.quiet_from, campaign.quiet_until = time(22), time(1, 30)
    moment = datetime.fromisoformat(f"2026-11-01T{now}+00:00").astimezone(ZoneInfo("America/New_York"))
    assert after_quiet_hours(campaign, moment).astimezone(UTC) == datetime.fromisoformat(f"2026-11-01T{end}+00:00")
