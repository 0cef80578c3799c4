"""Making two tickets one, and one ticket two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Attachment
from service.actions.refusals import IsMerged, locked, locked_open
from service.actions.states import move
from service.actions.threads import add_note
from service.models import Draft, Status, Ticket, TicketMessage

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

    Who answers the first from now on is heard on the other. Raises SameTicket, NotTheirs, IsMerged or IsClosed.
    """
    if winner.pk == loser.pk:
        raise SameTicket(winner.pk)
    first, second = (
        locked(key=key) for key in sorted([winner.pk, loser.pk])
    )  # in one order, lest two wait for each other
    winner, loser = (first, second) if first.pk == winner.pk else (second, first)
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
    move(ticket=loser, to=Status.CLOSED)
    loser.merged_into = winner
    loser.save()
    Ticket.objects.filter(merged_into=loser).update(merged_into=winner, updated_at=timezone.now())
    add_note(ticket=winner, by=by, body=_("Merged with %s.") % loser)
    return winner


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
