"""Taking the next member of a campaign in hand: judged, and marked, before anything leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.tasks.actions import give_task
from marketing.actions.suppressions import suppress_address_of
from marketing.mail.messages import Message, compose, message_id
from marketing.models import Campaign, CampaignMember, Suppression, digest_of
from marketing.objections import may_track, objection
from marketing.placeholders import Unrenderable
from marketing.quiet import earliest

if TYPE_CHECKING:
    from uuid import UUID

    from customers.models import Customer

Reason = CampaignMember.Reason
State = CampaignMember.State
MOST_ATTEMPTS: Final = 5
# Others go on meanwhile: should a server break off whenever it hears of one recipient, they do not wait for that one.
TRIED_AGAIN_AFTER: Final = timedelta(minutes=5)
GIVEN_UP_AFTER: Final = timedelta(days=5)  # RFC 5321, section 4.5.4.1


@dataclass(frozen=True)
class Claim:
    """A member in hand, and the message to send."""

    member: UUID
    message: Message


@transaction.atomic
def note_interrupted(*, campaign: Campaign) -> int:
    """Mark the members that a sender had in hand when it died: whether they got their message is not known.

    To be called only under the campaign's lock, by which no other sender is alive. They get no second message.
    """
    begun = CampaignMember.objects.of(campaign).filter(state=State.SENDING)
    return begun.update(state=State.SENT_UNCONFIRMED, sent_at=F("claimed_at"), updated_at=timezone.now())


@transaction.atomic
def claim_member(*, campaign: Campaign, member: UUID) -> Claim | None:
    """Take a queued member in hand, and return the message; None where there is nothing to send to them now.

    Consent, suppression and quiet hours are looked at here, at the very moment of sending. Once this is committed, the
    member gets no second message, whatever happens.
    """
    rows = CampaignMember.objects.select_related("customer__organization").select_for_update(of=("self",))
    found = rows.filter(pk=member, state=State.QUEUED, campaign__status=Campaign.Status.SENDING).first()
    if found is None:
        return None
    customer: Customer = found.customer
    reason = objection(campaign, found)
    if reason:
        _write(found, state=State.SKIPPED, reason=reason)
        return None
    due = earliest(campaign, customer, timezone.now())
    if due is not None:
        _write(found, due_at=due)
        return None
    variant = found.variant or (campaign.winner if campaign.subject_b else "")
    known = {"member": found.pk, "variant": variant, "tracks": may_track(campaign, customer)}
    try:
        message = compose(campaign, customer, **known)
    except Unrenderable as error:
        _write(found, state=State.SKIPPED, reason=Reason.UNRENDERABLE, detail=str(error)[:500])
        return None
    known = {"message_id": message_id(campaign, found.pk), "address_digest": digest_of(customer.email)}
    _write(found, state=State.SENDING, claimed_at=timezone.now(), variant=variant, **known)
    return Claim(found.pk, message)


@transaction.atomic
def note_sent(*, member: UUID) -> None:
    """Note that the mail server took a message; also of one that was taken for interrupted meanwhile."""
    rows = CampaignMember.objects.filter(pk=member)
    rows.filter(state__in=[State.SENDING, State.SENT_UNCONFIRMED]).update(
        state=State.SENT, sent_at=timezone.now(), updated_at=timezone.now()
    )


@transaction.atomic
def note_unconfirmed(*, member: UUID, detail: str) -> None:
    """Note that nobody knows whether the mail server took a message."""
    rows = CampaignMember.objects.filter(pk=member, state=State.SENDING)
    rows.update(
        state=State.SENT_UNCONFIRMED,
        sent_at=Coalesce(F("claimed_at"), Now()),
        detail=detail[:500],
        updated_at=timezone.now(),
    )


@transaction.atomic
def note_refused(*, member: UUID, detail: str, reason: str = Reason.REFUSED) -> None:
    """Note that the mail server did not take a message, and never will."""
    rows = CampaignMember.objects.filter(pk=member, state=State.SENDING)
    rows.update(state=State.SKIPPED, reason=reason, detail=detail[:500], updated_at=timezone.now())


@transaction.atomic
def note_unknown_address(*, member: UUID, detail: str) -> None:
    """Note that the mail server knows no such address: as if the message had come back."""
    rows = CampaignMember.objects.filter(pk=member, state=State.SENDING)
    now = timezone.now()
    if rows.update(state=State.BOUNCED, bounced_at=now, detail=detail[:500], updated_at=now):
        found = rows.model.objects.select_related("customer").get(pk=member)
        suppress_address_of(member=found, reason=Suppression.Reason.BOUNCE, detail=detail)


@transaction.atomic
def note_unsent(*, member: UUID, detail: str) -> None:
    """Note that a message did not leave, for nothing that is about its recipient: it waits, some minutes or days."""
    found = _in_hand(member)
    if found is None:
        return
    now = timezone.now()
    if found.campaign.status == Campaign.Status.CANCELLED:
        _write(found, state=State.SKIPPED, reason=Reason.CANCELLED, detail=detail[:500])
    elif found.campaign.started_at is not None and found.campaign.started_at < now - GIVEN_UP_AFTER:
        _write(found, state=State.SKIPPED, reason=Reason.REFUSED, detail=detail[:500])
    else:
        _write(found, state=State.QUEUED, due_at=now + TRIED_AGAIN_AFTER, detail=detail[:500])


@transaction.atomic
def note_postponed(*, member: UUID, detail: str) -> None:
    """Note that the mail server asked to come again later; after several times, or a cancellation, nobody comes."""
    found = _in_hand(member)
    if found is None:
        return
    if found.campaign.status == Campaign.Status.CANCELLED:
        _write(found, state=State.SKIPPED, reason=Reason.CANCELLED, detail=detail[:500])
        return
    attempts = found.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        _write(found, state=State.SKIPPED, reason=Reason.REFUSED, detail=detail[:500], attempts=attempts)
        return
    later = timezone.now() + timedelta(minutes=2**attempts)
    _write(found, state=State.QUEUED, due_at=later, detail=detail[:500], attempts=attempts)


@transaction.atomic
def note_sender_refused(*, campaign: Campaign, member: UUID, detail: str) -> None:
    """Note that the mail server takes nothing from the sender: pause the campaign, and tell who answers for it."""
    found = _in_hand(member)
    if found is None:
        return
    is_over = found.campaign.status == Campaign.Status.CANCELLED
    outcome = {"state": State.SKIPPED, "reason": Reason.CANCELLED} if is_over else {"state": State.QUEUED}
    _write(found, **outcome, detail=detail[:500])
    rows = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.SENDING)
    if rows.update(status=Campaign.Status.PAUSED, updated_at=timezone.now()):
        title = (_("The campaign “%s” was paused"), campaign.name)
        give_task(to=campaign.answers_for_it, title=title, reason=detail, about=campaign)


def _in_hand(member: UUID) -> CampaignMember | None:
    """Return a locked member to whom is being sent, and whose campaign nobody cancels meanwhile."""
    Campaign.objects.select_for_update(of=("self",)).filter(members=member).first()  # before its members, as all do
    rows = CampaignMember.objects.select_related("campaign").select_for_update(of=("self",))
    found: CampaignMember | None = rows.filter(pk=member, state=State.SENDING).first()
    return found


def _write(member: CampaignMember, **values: Any) -> None:
    """Write values to a locked member."""
    for name, value in values.items():
        setattr(member, name, value)
    member.save(update_fields=[*values, "updated_at"])
