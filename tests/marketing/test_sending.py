"""Campaigns are sent to those who agree, once, at the right time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from customers.actions import grant_consent, withdraw_consent
from marketing import actions, sending
from marketing.models import CampaignMember, Suppression

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def begin(campaign: Campaign) -> Campaign:
    """Start a campaign, and send what can be sent."""
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    campaign.refresh_from_db()
    return campaign


def states(campaign: Campaign) -> dict[str, str]:
    """Return what became of each member, by name."""
    rows = CampaignMember.objects.of(campaign).values_list("customer__name", "state", "reason")
    return {name: f"{state} {reason}".strip() for name, state, reason in rows}


def test_each_member_gets_one_message(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    for name in ("Ada", "Bob", "Cy"):
        recipient(name)
    assert begin(campaign).status == "sent"
    sending.send_turn(campaign.pk)
    assert mail_server.recipients == ["ada@example.com", "bob@example.com", "cy@example.com"]
    assert states(campaign) == {"Ada": "sent", "Bob": "sent", "Cy": "sent"}


def test_consent_counts_at_the_moment_of_sending(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Any
) -> None:
    ada, _bob = recipient("Ada"), recipient("Bob")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    withdraw_consent(customer=ada, purpose=purpose, source="email", by=None)
    sending.send_turn(campaign.pk)
    assert mail_server.recipients == ["bob@example.com"]
    assert states(campaign) == {"Ada": "skipped no_consent", "Bob": "sent"}


def test_nothing_is_sent_to_suppressed_addresses(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada", email="ada@example.com")
    actions.suppress_address(address="ADA@Example.COM", reason="bounce")
    begin(campaign)
    assert mail_server.got == []
    assert states(campaign) == {"Ada": "skipped suppressed"}


def test_who_agrees_again_after_unsubscribing_gets_messages(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Any
) -> None:
    ada = recipient("Ada")
    actions.suppress_address(address=ada.email, reason=Suppression.Reason.UNSUBSCRIBE)
    grant_consent(customer=ada, purpose=purpose, source="preferences", by=None)
    begin(campaign)
    assert mail_server.recipients == ["ada@example.com"]


def test_an_address_gets_one_message_though_two_customers_have_it(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada", email="office@example.com")
    recipient("Bob", email="office@example.com")
    begin(campaign)
    assert mail_server.recipients == ["office@example.com"]
    assert sorted(states(campaign).values()) == ["sent", "skipped same_address"]


def test_quiet_hours_are_those_of_the_recipient(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada", time_zone="Asia/Shanghai")
    recipient("Bob", time_zone="America/New_York")
    now = timezone.now().astimezone(datetime.timezone(datetime.timedelta(hours=8)))
    campaign.quiet_from = (now - datetime.timedelta(hours=1)).time()
    campaign.quiet_until = (now + datetime.timedelta(hours=1)).time()
    campaign.save()
    assert begin(campaign).status == "sending"
    assert mail_server.recipients == ["bob@example.com"]
    member: Any = CampaignMember.objects.get(customer__name="Ada")
    assert member.state == "queued"
    assert datetime.timedelta(minutes=59) < member.due_at - timezone.now() <= datetime.timedelta(hours=1)


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    actions.pause_campaign(campaign=campaign)
    sending.send_turn(campaign.pk)
    assert mail_server.got == []
    actions.resume_campaign(campaign=campaign)
    sending.send_turn(campaign.pk)
    assert mail_server.recipients == ["ada@example.com"]


def test_a_cancelled_campaign_leaves_out_who_waits(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    actions.cancel_campaign(campaign=campaign)
    sending.send_turn(campaign.pk)
    assert mail_server.got == []
    assert states(campaign) == {"Ada": "skipped cancelled"}


def test_a_member_whose_sender_died_gets_no_second_message(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get()
    assert actions.claim_member(campaign=campaign, member=member.pk) is not None
    sending.send_turn(campaign.pk)
    assert mail_server.got == []
    assert states(campaign) == {"Ada": "sent_unconfirmed"}


def test_an_address_that_the_server_does_not_know_is_suppressed(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada")
    recipient("Bob")
    mail_server.at_recipient = lambda address: "550 5.1.1 Unknown" if address.startswith("ada") else "250 OK"
    begin(campaign)
    assert states(campaign) == {"Ada": "bounced", "Bob": "sent"}
    assert list(Suppression.objects.values_list("address", "reason")) == [("ada@example.com", "bounce")]


def test_who_should_come_later_is_sent_to_later(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    recipient("Ada")
    mail_server.at_message = lambda _number: "451 4.3.0 Later"
    begin(campaign)
    member = CampaignMember.objects.get()
    assert (member.state, member.attempts, member.detail) == ("queued", 1, "451 4.3.0 Later")
    CampaignMember.objects.update(due_at=timezone.now())
    mail_server.at_message = lambda _number: "250 OK"
    sending.send_turn(campaign.pk)
    assert mail_server.recipients == ["ada@example.com"]


def test_messages_leave_no_faster_than_the_throttle_says(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    for number in range(6):
        recipient(f"A{number}", email=f"a{number}@one.example")
    campaign.per_second_and_domain = 5
    campaign.save()
    began = timezone.now()
    begin(campaign)
    assert len(mail_server.got) == 6
    assert timezone.now() - began >= datetime.timedelta(seconds=1)


def test_the_better_subject_goes_to_everybody_else(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    for number in range(10):
        recipient(f"A{number}")
    campaign.subject_b, campaign.test_share, campaign.test_hours = "Second", 20, 0
    campaign.save()
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    assert len(mail_server.got) == 2
    actions.note_outcome(member=CampaignMember.objects.get(variant="b").pk, state="opened")
    sending.send_turn(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.winner, campaign.status, len(mail_server.got)) == ("b", "sent", 10)
    assert sum(mail_server.message(number)["Subject"] == "Second" for number in range(10)) == 9


def test_only_customers_whom_the_starter_sees_are_members(campaign: Campaign, recipient: Any, make_user: Any) -> None:
    seller = make_user("Sales representative")
    recipient("Ada", owner=seller)
    recipient("Bob")
    actions.start_campaign(campaign=campaign, by=seller)
    assert states(campaign) == {"Ada": "queued"}
