"""Who was part of a campaign for demonstration, and how far each came."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from marketing.mail.messages import message_id
from marketing.models import CampaignMember, Click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from customers.models import Customer
    from marketing.models import Campaign

State, Reason = CampaignMember.State, CampaignMember.Reason
LINKS: Final = {
    "https://www.example.com/catalogue": 6,
    "https://www.example.com/quiet-rooms": 3,
    "https://www.example.com/contact": 1,
}
# How many of a hundred came to another end than an inbox.
SKIPPED: Final = {Reason.NO_CONSENT: 3, Reason.SUPPRESSED: 2, Reason.SAME_ADDRESS: 1}
BACK, UNSURE, GONE, CROSS, ANSWERED = 0.05, 0.02, 0.03, 0.01, 0.06
TESTED: Final = 0.4


def members(
    random: Random, campaign: Campaign, plan: dict[str, Any], customers: Sequence[Customer]
) -> Iterator[CampaignMember]:
    """Yield a member for a share of the customers."""
    chosen = random.sample(customers, int(len(customers) * plan["share"]))
    for place, customer in enumerate(chosen):
        one: Any = CampaignMember(campaign=campaign, customer=customer, owner=campaign.owner, team=campaign.team)
        one.created_at = campaign.started_at
        if campaign.subject_b:
            is_tested = place < len(chosen) * TESTED
            one.variant = "ab"[place % 2] if is_tested else campaign.winner
        if sent_to(random, one, place):
            read_by(random, one, plan)
        yield one


def sent_to(random: Random, one: CampaignMember, place: int) -> bool:
    """Let a message leave, or say why it did not; tell whether somebody may have read it."""
    draw = random.random() * 100
    for reason, share in SKIPPED.items():
        if draw < share:
            one.state, one.reason = State.SKIPPED, reason
            return False
        draw -= share
    began: Any = one.created_at
    sent = one.claimed_at = one.sent_at = began + timedelta(seconds=40 * place)
    one.message_id = message_id(one.campaign, one.pk)
    one.state, chance = State.DELIVERED, random.random()
    if chance < BACK:
        one.state, one.bounced_at = State.BOUNCED, sent + timedelta(minutes=2)
        one.detail = "5.1.1 550 No such user"
        return False
    if chance < BACK + UNSURE:
        one.state = State.SENT_UNCONFIRMED
        return False
    one.delivered_at = sent + timedelta(seconds=9)
    return True


def read_by(random: Random, one: CampaignMember, plan: dict[str, Any]) -> None:
    """Let a customer open, follow links, answer or unsubscribe; the second subject is read more."""
    is_better, sent = one.variant == "b", one.sent_at or one.created_at
    if random.random() > plan["opening"] * (1.25 if is_better else 1):
        return
    opened: Any = sent + timedelta(hours=random.expovariate(1 / 9))
    one.state, one.opened_at = State.OPENED, opened
    if random.random() < plan["clicking"]:
        one.state, one.clicked_at = State.CLICKED, opened + timedelta(minutes=random.randrange(1, 30))
    later = opened + timedelta(hours=random.randrange(1, 40))
    chance = random.random()
    if chance < GONE:
        one.state, one.unsubscribed_at = State.UNSUBSCRIBED, later
    elif chance < GONE + CROSS:
        one.state, one.complained_at = State.COMPLAINED, later
    elif chance < GONE + CROSS + ANSWERED:
        one.state, one.replied_at = State.REPLIED, later


def clicks(random: Random, one: CampaignMember) -> Iterator[Click]:
    """Yield which links a customer followed."""
    if one.clicked_at is None:
        return
    names = dict.fromkeys(random.choices(list(LINKS), list(LINKS.values()), k=random.choice([1, 1, 2])))
    for name in names:
        times = {"first_at": one.clicked_at, "last_at": one.clicked_at + timedelta(minutes=4)}
        yield Click(
            campaign=one.campaign, customer=one.customer, url=name, count=random.choice([1, 1, 1, 2, 3]), **times
        )
