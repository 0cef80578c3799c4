"""An address gets a message once, and is suppressed, as it was when the message went to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Customer
from marketing import actions, sending
from marketing.models import CampaignMember, Suppression
from tests.marketing.test_sending import begin, states

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_address_that_changed_hands_gets_one_message(campaign: Campaign, recipient: Any, mail_server: Any) -> None:
    ada, _bob = recipient("Ada", email="office@example.com"), recipient("Bob", email="bob@example.com")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get(customer=ada)
    assert actions.claim_member(campaign=campaign, member=member.pk) is not None
    actions.note_sent(member=member.pk)
    Customer.objects.filter(name="Ada").update(email="ada@example.com")
    Customer.objects.filter(name="Bob").update(email="office@example.com")
    sending.send_turn(campaign.pk)
    assert mail_server.got == []
    assert states(campaign) == {"Ada": "sent", "Bob": "skipped same_address"}


def test_a_bounce_suppresses_the_address_that_the_message_went_to(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada", email="typo@example.com")
    begin(campaign)
    Customer.objects.update(email="right@example.com")
    actions.note_bounce(member=CampaignMember.objects.get().pk, is_permanent=True)
    assert Suppression.objects.of("typo@example.com").exists()
    assert not Suppression.objects.of("right@example.com").exists()
