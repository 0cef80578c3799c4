"""A mail server that breaks off: who was not sent to is sent to later, once; of whom nobody knows gets no second."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from crm.smtp import EmailBackend
from marketing import actions, sending
from marketing.models import CampaignMember, Suppression
from tests.breaking import SHORT, breaking
from tests.marketing.test_postmark import provider
from tests.marketing.test_sending import begin, states

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["provider"]


@pytest.mark.parametrize("how", ["closes", "hangs", "leaves", "451 not now"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_who_was_not_sent_to_is_sent_to_once_the_server_is_well(
    campaign: Campaign, recipient: Any, settings: Any, step: str, how: str
) -> None:
    recipient("Ada")
    with breaking(settings, step, how) as server:
        assert begin(campaign).status == "sending"
        member = CampaignMember.objects.get()
        assert (member.state, member.sent_at, server.got) == ("queued", None, [])
        assert member.due_at > timezone.now() + timedelta(minutes=1)  # type: ignore[operator]
        server.step = ""
        EmailBackend.resting.clear()
        CampaignMember.objects.update(due_at=timezone.now())
        sending.send_turn(campaign.pk)
        assert (states(campaign), len(server.got)) == ({"Ada": "sent"}, 1)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(("step", "how"), [("greeting", "554 go away"), ("greeting", "421 later"), ("EHLO", "closes")])
def test_nobody_is_in_hand_while_a_server_lets_nobody_in(
    campaign: Campaign, recipient: Any, settings: Any, step: str, how: str
) -> None:
    recipient("Ada")
    with breaking(settings, step, how):
        assert begin(campaign).status == "sending"
    member = CampaignMember.objects.get()
    assert (member.state, member.claimed_at, member.attempts) == ("queued", None, 0)


@pytest.mark.parametrize("how", ["closes", "hangs", "talks nonsense"])
def test_of_whom_nobody_knows_gets_no_second_message(
    campaign: Campaign, recipient: Any, settings: Any, how: str
) -> None:
    recipient("Ada")
    with breaking(settings, "end", how) as server:
        begin(campaign)
        server.step = ""
        sending.send_turn(campaign.pk)
        assert (states(campaign), len(server.got)) == ({"Ada": "sent_unconfirmed"}, 1)


def test_a_server_that_is_silent_keeps_a_turn_for_one_message_only(
    campaign: Campaign, recipient: Any, settings: Any
) -> None:
    for name in ("Ada", "Bob", "Cyd"):
        recipient(name)
    with breaking(settings, "RCPT", "hangs"):
        began = timezone.now()
        begin(campaign)
        assert timezone.now() - began < timedelta(seconds=SHORT * 3)
    assert CampaignMember.objects.filter(claimed_at=None, attempts=0, state="queued").count() == 2


@pytest.mark.parametrize(("days", "state"), [(4, "queued"), (6, "skipped refused")])
def test_a_message_that_never_leaves_is_given_up_after_five_days(
    campaign: Campaign, recipient: Any, settings: Any, days: int, state: str
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    type(campaign).objects.update(started_at=timezone.now() - timedelta(days=days))
    with breaking(settings, "RCPT", "closes"):
        sending.send_turn(campaign.pk)
    assert states(campaign) == {"Ada": state}


def test_a_message_that_did_not_leave_stays_where_its_campaign_was_cancelled(
    campaign: Campaign, recipient: Any
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get()
    assert actions.claim_member(campaign=campaign, member=member.pk) is not None
    actions.cancel_campaign(campaign=campaign)
    actions.note_unsent(member=member.pk, detail="broke off")
    assert states(campaign) == {"Ada": "skipped cancelled"}


def test_a_provider_that_cannot_be_reached_has_no_message(
    campaign: Campaign, recipient: Any, provider: Any, settings: Any
) -> None:
    recipient("Ada")
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:1/"}
    begin(campaign)
    assert (states(campaign), provider) == ({"Ada": "queued"}, [])
