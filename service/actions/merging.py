"""Making two tickets one, and one ticket two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.database.locks import lock_together
from crm.models import Attachment
from service.actions.refusals import IsMerged, locked, locked_open
from service.actions.states import move
from service.actions.threads import add_note
from service.models import Draft, Status, StatusPeriod, Ticket, TicketMessage

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from crm.models import User


class NotTheirs(Exception):
    """Two tickets of different customers are never made one: each would read what the other wrote."""


class SameTicket(Exception):
    """A ticket is not merged into itself."""


class NothingToSplit(Exception):
    """A ticket is split by some of its messages, and keeps others."""


@transaction.atomic
def merge_tickets(*, winner: Ticket, loser: Ticket, by: User) -> Ticket:
    """Move all that was said and attached on one ticket to another of the same customer, and close the first.

    Who answers the first from now on is heard on the other, whose clocks run from when the customer first asked on
    either. A resolved ticket that takes in an open one is open again. Raises SameTicket, NotTheirs, IsMerged and
    IsClosed.
    """
    if winner.pk == loser.pk:
        raise SameTicket(winner.pk)
    one, other = winner.pk, loser.pk
    lock_together(lambda: {Ticket: {one, *Ticket.objects.making_up(other).values_list("pk", flat=True)}})
    loser = locked(key=loser.pk)
    winner = locked_open(key=winner.pk)
    if loser.merged_into_id is not None:
        raise IsMerged(loser.merged_into_id)
    if winner.customer_id != loser.customer_id:
        raise NotTheirs(loser.pk)
    TicketMessage.objects.filter(ticket=loser).update(ticket=winner, updated_at=timezone.now())
    files = Attachment.objects.filter(about_type=Ticket.label(), about_id=loser.pk)
    files.update(about_id=winner.pk, updated_at=timezone.now())
    moving = Draft.objects.filter(ticket=loser).exclude(author__in=winner.drafts.values("author"))
    moving.update(ticket=winner)
    if winner.is_done and not loser.is_done:
        move(ticket=winner, to=Status.OPEN)
    move(ticket=loser, to=Status.CLOSED)
    loser.merged_into = winner
    loser.save()
    Ticket.objects.filter(merged_into=loser).update(merged_into=winner, updated_at=timezone.now())
    add_note(ticket=winner, by=by, body=_("Merged with %s.") % loser)
    count_from_first(winner=winner, loser=loser)
    return winner


def count_from_first(*, winner: Ticket, loser: Ticket) -> None:
    """Let a ticket count from when the customer first asked, and was first answered, there or on the one it took in.

    Until it was opened it stood as the other one did: so no merge makes a customer's wait shorter.
    """
    replies = [moment for moment in (winner.first_replied_at, loser.first_replied_at) if moment is not None]
    winner.first_replied_at = min(replies, default=None)
    if loser.opened_at < winner.opened_at:
        for period in loser.periods.filter(began_at__lt=winner.opened_at).order_by("began_at", "pk"):
            ended = min(period.ended_at or winner.opened_at, winner.opened_at)
            StatusPeriod.objects.create(ticket=winner, status=period.status, began_at=period.began_at, ended_at=ended)
        winner.opened_at = loser.opened_at
    winner.save()


@transaction.atomic
def split_ticket(*, ticket: Ticket, messages: Collection[UUID], subject: str, by: User) -> Ticket:
    """Move some messages of a ticket to a new one of the same customer and queue; return that.

    Its clocks run from when the first of them was written. Raises NothingToSplit unless some messages go and some
    stay, ValidationError for a subject that is not allowed, IsMerged or IsClosed.
    """
    ticket = locked_open(key=ticket.pk)
    moved = TicketMessage.objects.filter(ticket=ticket, pk__in=messages).order_by("written_at", "pk")
    first = moved.first()
    stays = TicketMessage.objects.filter(ticket=ticket).exclude(pk__in=messages).exists()
    if first is None or not stays or moved.count() != len(set(messages)):
        raise NothingToSplit(ticket.pk)
    copied = {name: getattr(ticket, name) for name in ("customer", "queue", "type", "priority", "channel", "email")}
    made = Ticket(**copied, subject=subject, policy=ticket.policy, assignee=ticket.assignee)
    made.owner, made.team = by, ticket.team
    made.opened_at = made.status_since = first.written_at
    made.full_clean(exclude=["customer", "queue", "owner", "team", "policy", "assignee"], validate_unique=False)
    replies = moved.filter(kind=TicketMessage.Kind.REPLY)
    made.first_replied_at = replies.values_list("written_at", flat=True).first()
    made.save(force_insert=True)
    moved.update(ticket=made, updated_at=timezone.now())
    add_note(ticket=ticket, by=by, body=_("Split off: %s.") % made)
    add_note(ticket=made, by=by, body=_("Split off from %s.") % ticket)
    return made
