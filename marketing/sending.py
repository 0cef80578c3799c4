"""Sending a campaign: one sender at a time, in turns of a few seconds, each member taken in hand before it is sent to.

The lock of a campaign belongs to the sender's database session, so it is free once the sender is dead. Whoever holds it
knows that members found in hand were another's who died: they may have got their message, so they get no other.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from django.core.mail import mailers
from django.db.models import Q
from django.utils import timezone

from crm.database.locks import held
from marketing import actions
from marketing.mail.answers import Answer, judged
from marketing.models import Campaign, CampaignMember
from marketing.throttle import Throttle, domain_of

if TYPE_CHECKING:
    from uuid import UUID

    from marketing.actions import Claim
    from marketing.models import CampaignMemberQuerySet

TURN: Final = 5.0  # seconds, after which other work has its turn
WINDOW: Final = 200  # members looked at together, so that a slow domain does not keep the others waiting
LOCK: Final = "marketing.campaign"
logger = logging.getLogger(__name__)
_throttles: dict[UUID, Throttle] = {}


def send_turn(key: UUID) -> bool:
    """Send what a campaign has to send, for as long as a turn lasts, unless another sender is at it.

    Returns whether it can go on at once: not where the mail server does not answer.
    """
    with held(LOCK, str(key)) as is_ours:
        rows = Campaign.objects.select_related("template", "purpose").filter(status__in=["sending", "cancelled"])
        campaign = rows.filter(pk=key, kind=Campaign.Kind.EMAIL).first()
        if not is_ours or campaign is None:
            return True
        actions.note_interrupted(campaign=campaign)
        if campaign.status == Campaign.Status.CANCELLED:
            return True
        campaign.winner = actions.choose_winner(campaign=campaign)
        turn = Turn(campaign)
        if waiting(campaign).exists():
            turn.run()
        if actions.end_sent_campaign(campaign=campaign):
            _throttles.pop(key, None)
        return turn.is_answered


def is_being_sent(key: UUID) -> bool:
    """Tell whether a sender is at a campaign."""
    with held(LOCK, str(key)) as is_free:
        return not is_free


def queued(campaign: Campaign) -> CampaignMemberQuerySet:
    """Return the members that wait; while two subjects are compared, only those who get one of them."""
    rows: CampaignMemberQuerySet = CampaignMember.objects.of(campaign).filter(state=CampaignMember.State.QUEUED)
    return rows.filter(variant__in=["a", "b"]) if campaign.is_compared else rows


def waiting(campaign: Campaign) -> CampaignMemberQuerySet:
    """Return the members to whom a message may be sent now."""
    return queued(campaign).filter(Q(due_at=None) | Q(due_at__lte=timezone.now()))


class Turn:
    """A few seconds of sending, over one connection to the mail server."""

    def __init__(self, campaign: Campaign) -> None:
        """Take the campaign."""
        self.campaign = campaign
        self.mailer: Any = mailers.default
        self.throttle = _throttles.setdefault(campaign.pk, Throttle())
        self.ends = time.monotonic() + TURN
        self.window: dict[UUID, str] = {}
        self.is_answered = True

    def run(self) -> None:
        """Send until the turn ends, or nobody waits any more."""
        try:
            while (found := self.next_member()) is not None and self.ready():
                self.send_to(*found)
        finally:
            self.close()

    def ready(self) -> bool:
        """Tell whether the turn goes on and the mail server is there."""
        if time.monotonic() >= self.ends or not self.is_answered:
            return False
        connection = getattr(self.mailer, "connection", None)
        with suppress(OSError):  # as smtplib's errors are
            if connection is not None and hasattr(connection, "noop") and connection.noop()[0] != 250:  # noqa: PLR2004 -- RFC 5321, section 4.2.3
                self.close()
            self.mailer.open()
            return True
        self.close()
        return self.open_again()

    def open_again(self) -> bool:
        """Tell whether the mail server takes another connection."""
        try:
            self.mailer.open()
        except OSError as error:
            logger.warning("The mail server does not answer: %s", error)
            self.is_answered = False
            return False
        return True

    def close(self) -> None:
        """Leave the mail server."""
        with suppress(OSError):
            self.mailer.close()
        if hasattr(self.mailer, "connection"):
            self.mailer.connection = None

    def next_member(self) -> tuple[UUID, str] | None:
        """Wait for the first member whose domain may be written to, and return it; None where the turn ends before."""
        while time.monotonic() < self.ends:
            if not self.window:
                self.window = self.look()
            if not self.window:
                return None
            waits = {key: self.throttle.wait(domain) for key, domain in self.window.items()}
            key = min(waits, key=waits.__getitem__)
            if waits[key] <= 0:
                return key, self.window.pop(key)
            time.sleep(min(waits[key], max(0.0, self.ends - time.monotonic())))
        return None

    def look(self) -> dict[UUID, str]:
        """Return the next members that wait, with their domains: first those who waited for a time."""
        rows = queued(self.campaign)
        found: dict[UUID, str] = {}
        for part in (rows.filter(due_at__lte=timezone.now()), rows.filter(due_at=None)):
            pairs = part.order_by("due_at", "id").values_list("pk", "customer__email")[: WINDOW - len(found)]
            found |= {key: domain_of(address) for key, address in pairs}
        return found

    def send_to(self, member: UUID, domain: str) -> None:
        """Take a member in hand, send, and note what the mail server said."""
        claim = actions.claim_member(campaign=self.campaign, member=member)
        if claim is None:
            return
        self.throttle.took(domain, self.campaign.per_second, self.campaign.per_second_and_domain)
        try:
            self.mailer.send_messages([claim.message])
        except Exception as error:  # noqa: BLE001 -- whatever a provider's library raises, it is judged
            self.failed(claim, judged(error))
        else:
            actions.note_sent(member=claim.member)

    def failed(self, claim: Claim, answer: Answer) -> None:
        """Note why a message did not leave, or that nobody knows whether it did."""
        if answer.kind is Answer.Kind.UNSENT:
            self.is_answered = False
            actions.note_unsent(member=claim.member, detail=answer.detail)
        elif answer.kind is Answer.Kind.LATER:
            actions.note_postponed(member=claim.member, detail=answer.detail)
        elif answer.kind is Answer.Kind.SENDER:  # as it would refuse everybody else's message, too
            actions.note_sender_refused(campaign=self.campaign, member=claim.member, detail=answer.detail)
        elif answer.kind is Answer.Kind.NO_ADDRESS:
            actions.note_unknown_address(member=claim.member, detail=answer.detail)
        elif answer.kind is Answer.Kind.REFUSED:
            actions.note_refused(member=claim.member, detail=answer.detail)
        else:
            logger.warning("Whether member %s got a message is not known: %s", claim.member, answer.detail)
            actions.note_unconfirmed(member=claim.member, detail=answer.detail)
        if not answer.is_about_recipient:
            self.close()
