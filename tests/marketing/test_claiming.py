"""Who is looked at once more at the very moment of sending: each reason by itself, and that nothing else is one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from customers.actions import grant_consent, withdraw_consent
from customers.models import Consent, Customer, Purpose
from marketing import actions, sending
from marketing.models import CampaignMember, Suppression
from tests.marketing.test_sending import states

if TYPE_CHECKING:
    from collections.abc import Callable

    from marketing.models import Campaign

    type Happening = Callable[[Customer, Purpose], object]

pytestmark = pytest.mark.django_db(transaction=True)


def withdraw(customer: Customer, purpose: Purpose) -> None:
    withdraw_consent(customer=customer, purpose=purpose, source="form", by=None)


def agree(customer: Customer, purpose: Purpose) -> None:
    grant_consent(customer=customer, purpose=purpose, source="form", by=None)


def suppress(customer: Customer, reason: str) -> None:
    actions.suppress_address(address=customer.email, reason=reason, detail="")


def change(**values: Any) -> Happening:
    return lambda one, _purpose: Customer.objects.filter(pk=one.pk).update(**values)


def agree_again(reason: str) -> Happening:
    def happen(customer: Customer, purpose: Purpose) -> None:
        suppress(customer, reason)
        agree(customer, purpose)

    return happen


def withdraw_and_agree(customer: Customer, purpose: Purpose) -> None:
    withdraw(customer, purpose)
    agree(customer, purpose)


MEANWHILE: dict[str, tuple[Happening, str]] = {
    "nothing": (lambda _one, _purpose: None, "sent"),
    "deactivated": (change(is_active=False), "skipped inactive"),
    "without an address": (change(email=""), "skipped no_address"),
    "consent taken back": (withdraw, "skipped no_consent"),
    "consent taken back and given again": (withdraw_and_agree, "sent"),
    "unsubscribed": (lambda one, _purpose: suppress(one, "unsubscribe"), "skipped suppressed"),
    "unsubscribed and agreed again": (agree_again("unsubscribe"), "sent"),
    "bounced and agreed again": (agree_again("bounce"), "skipped suppressed"),
    "complained and agreed again": (agree_again("complaint"), "skipped suppressed"),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_what_happened_since_the_start_counts_at_the_moment_of_sending(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Purpose, name: str
) -> None:
    happens, state = MEANWHILE[name]
    ada = recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    happens(ada, purpose)
    sending.send_turn(campaign.pk)
    assert states(campaign) == {"Ada": state}
    assert len(mail_server.got) == (state == "sent")


@pytest.mark.parametrize(("hours", "state"), [(-1, "sent"), (1, "skipped no_consent")])
def test_another_customers_withdrawal_counts_only_where_it_came_later(
    campaign: Campaign, recipient: Any, mail_server: Any, purpose: Purpose, hours: int, state: str
) -> None:
    ada, twin = recipient("Ada"), recipient("Twin", email="ada@example.com", is_active=False)
    given = timezone.now() - timedelta(days=1)
    said = {"purpose": purpose, "source": "form"}
    Consent.objects.bulk_create(
        [
            Consent(customer=ada, is_granted=True, occurred_at=given + timedelta(days=2), **said),
            Consent(customer=twin, is_granted=False, occurred_at=given + timedelta(days=2, hours=hours), **said),
        ]
    )
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    sending.send_turn(campaign.pk)
    assert states(campaign)["Ada"] == state


@pytest.mark.parametrize("status", ["paused", "cancelled", "sent"])
def test_nobody_is_taken_in_hand_in_a_campaign_that_is_not_sending(
    campaign: Campaign, recipient: Any, status: str
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    type(campaign).objects.update(status=status, finished_at=timezone.now())
    member = CampaignMember.objects.get()
    assert actions.claim_member(campaign=campaign, member=member.pk) is None
    member.refresh_from_db()
    assert (member.state, member.claimed_at) == ("queued", None)


@pytest.mark.parametrize("state", ["sending", "sent", "sent_unconfirmed", "bounced"])
def test_nobody_is_taken_in_hand_twice(campaign: Campaign, recipient: Any, state: str) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    CampaignMember.objects.update(state=state, sent_at=timezone.now(), bounced_at=timezone.now())
    assert actions.claim_member(campaign=campaign, member=CampaignMember.objects.get().pk) is None
    assert CampaignMember.objects.get().state == state
    assert not Suppression.objects.exists()
