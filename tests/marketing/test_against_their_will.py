"""No campaign reaches anybody twice or against their will, by whatever way round."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm.changes.actions import SetByVerbs, restore_fields
from crm.merging.actions import merge_records
from crm.models import Change
from customers.actions import grant_consent, withdraw_consent
from marketing import actions, sending
from marketing.mail.answers import Answer, judged
from marketing.models import CampaignMember, Suppression
from tests.marketing.test_sending import begin, states

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_campaign_that_was_sent_is_never_a_draft_again(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada")
    begin(campaign)
    change = Change.objects.get(record=campaign.pk, before__status="draft")
    with pytest.raises(SetByVerbs):
        restore_fields(record=campaign, change=change)
    campaign.refresh_from_db()
    assert campaign.status == "sent"


@pytest.mark.parametrize("reason", ["bounce", "complaint", "manual"])
def test_a_later_bounce_outweighs_that_somebody_agreed_again(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Any, reason: str
) -> None:
    ada = recipient("Ada")
    actions.suppress_address(address=ada.email, reason="unsubscribe")
    grant_consent(customer=ada, purpose=purpose, source="preferences", by=None)
    actions.suppress_address(address=ada.email, reason=reason, detail="Later")
    begin(campaign)
    assert mail_server.got == []
    assert list(Suppression.objects.values_list("reason", "detail")) == [(reason, "Later")]


def test_who_takes_consent_back_gets_nothing_as_another_customer_of_the_address(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Any
) -> None:
    ada, _twin = recipient("Ada", email="o@example.com"), recipient("Bob", email="o@example.com")
    withdraw_consent(customer=ada, purpose=purpose, source="preferences", by=None)
    begin(campaign)
    assert mail_server.got == []
    assert set(states(campaign).values()) == {"skipped no_consent"}


def test_an_address_in_two_spellings_gets_one_message(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada", email="o@bücher.example")
    recipient("Bob", email="o@xn--bcher-kva.example")
    begin(campaign)
    assert mail_server.recipients == ["o@xn--bcher-kva.example"]
    assert sorted(states(campaign).values()) == ["sent", "skipped same_address"]


@pytest.mark.parametrize("state", ["sent", "sending"])
def test_who_got_it_before_two_merges_gets_it_no_more(
    campaign: Campaign, recipient: Any, mail_server: Any, marketer: Any, state: str
) -> None:
    ada, bob, cy = recipient("Ada"), recipient("Bob"), recipient("Cy")
    actions.start_campaign(campaign=campaign, by=marketer)
    CampaignMember.objects.filter(customer=ada).update(state=state)
    merge_records(winner=bob, loser=ada, by=marketer)
    merge_records(winner=cy, loser=bob, by=marketer)
    sending.send_turn(campaign.pk)
    assert mail_server.got == []
    assert states(campaign) == {"Cy": "skipped same_address"}


def test_who_starts_a_scheduled_campaign_need_not_wait(
    campaign: Campaign, recipient: Any, mail_server: Any, marketer: Any
) -> None:
    recipient("Ada")
    in_two_days = timezone.now() + datetime.timedelta(days=2)
    actions.schedule_campaign(campaign=campaign, at=in_two_days, by=marketer)
    begin(campaign)
    assert mail_server.recipients == ["ada@example.com"]


def test_nobody_waits_in_a_cancelled_campaign(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get()
    actions.claim_member(campaign=campaign, member=member.pk)
    actions.cancel_campaign(campaign=campaign)
    actions.note_postponed(member=member.pk, detail="451 Later")
    assert states(campaign) == {"Ada": "skipped cancelled"}


def test_a_line_break_in_the_senders_name_makes_no_header(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada")
    campaign.from_name = "The\r\nBcc: eve@example.com"
    campaign.save()
    begin(campaign)
    assert mail_server.message()["From"] == '"The Bcc: eve@example.com" <news@shop.example>'
    assert mail_server.message()["Bcc"] is None


@pytest.mark.parametrize("name", ["Infinity", "nan", "1e999"])
def test_a_name_that_a_filter_stumbles_over_holds_nobody_else_up(
    campaign: Campaign, recipient: Any, mail_server: Any, name: str
) -> None:
    recipient("Eve", given_name=name)
    recipient("Bob", given_name="2")
    template: Any = campaign.template
    template.text = "{{ customer.first_name | ceil }}"
    template.save()
    begin(campaign)
    assert states(campaign) == {"Eve": "skipped unrenderable", "Bob": "sent"}


@pytest.mark.parametrize(
    "said", ["552 5.2.2 Full", "550 Blocked using a list", "554 5.4.6 Loop", "530 Log in", "503 Bad sequence"]
)
def test_a_refusal_that_is_not_about_the_address_suppresses_nothing(
    campaign: Campaign, recipient: Any, mail_server: Any, said: str
) -> None:
    recipient("Ada")
    mail_server.at_recipient = lambda _address: said
    begin(campaign)
    assert states(campaign) == {"Ada": "skipped refused"}
    assert not Suppression.objects.exists()


def test_what_django_cannot_write_says_nothing_of_the_address() -> None:
    assert judged(ValueError("Header values can't contain newlines")).kind is Answer.Kind.REFUSED
    assert judged(UnicodeEncodeError("ascii", "josé", 3, 4, "not ASCII")).kind is Answer.Kind.REFUSED
