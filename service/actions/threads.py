"""What is said on a ticket, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.custom.definitions import begin
from crm.database.locks import lock_together
from service.actions.assigning import MayNotServe, assign_automatically
from service.actions.collisions import refuse_overtaken
from service.actions.files import Files, add_files
from service.actions.refusals import IsMerged, locked, locked_open
from service.actions.states import NEXT, NoWayThere, move
from service.addresses import message_id_of
from service.canned import filled
from service.models import Queue, Status, Ticket, TicketMessage
from service.sending import send_reply

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection
    from uuid import UUID

    from crm.models import User
    from customers.models import Customer


class Received(TypedDict, total=False):
    """What else is known of a customer's message: when it came, and its e-mail."""

    written_at: datetime.datetime
    html: str
    subject: str
    from_address: str
    to_address: str
    message_id: str
    in_reply_to: str


class Reply(Files, total=False):
    """What else is told of a reply: its form, how the ticket stands then, its files, and what its author had read.

    `seen` is the newest reply of a colleague that was read before, None where there was none; where it is left out,
    nobody asks.
    """

    html: str
    status: str
    subject: str
    seen: UUID | None


@transaction.atomic
def open_ticket(
    *,
    customer: Customer,
    queue: Queue,
    subject: str,
    body: str = "",
    by: User | None = None,
    received: Received | None = None,
    **details: Any,
) -> Ticket:
    """Open a ticket with the customer's message, and give it to an agent where the queue does so.

    `by` is who writes it down, None where the customer did; clocks run from when it was received. Raises
    ValidationError where a value is not allowed.
    """
    known = received or {}
    moment = min(known.get("written_at") or timezone.now(), timezone.now())
    ticket = Ticket(customer=customer, queue=queue, subject=subject, **details)
    ticket.opened_at = ticket.status_since = moment
    ticket.owner, ticket.team = by, by.team if by else queue.team
    begin([ticket])
    ticket.full_clean(exclude=["customer", "queue", "owner", "team", "policy"], validate_unique=False)
    ticket.save(force_insert=True)
    if body:
        said: Any = {**known, "written_at": moment}
        _say(ticket, TicketMessage.Kind.CUSTOMER, body, **said)
    return assign_automatically(ticket=ticket)


@transaction.atomic
def receive_message(*, ticket: Ticket, body: str, **received: Unpack[Received]) -> TicketMessage:
    """Add a customer's message; one that waits for it, or was resolved, is open again.

    A message to a ticket that was merged joins the one that it was merged into.
    """
    key = ticket.pk
    lock_together(lambda: {Ticket: {Ticket.objects.standing_for(key)}})
    ticket = locked(key=Ticket.objects.standing_for(key))
    received["written_at"] = min(received.get("written_at") or timezone.now(), timezone.now())
    message = _say(ticket, TicketMessage.Kind.CUSTOMER, body, **received)
    if ticket.status in {Status.PENDING, Status.RESOLVED, Status.CLOSED}:
        move(ticket=ticket, to=Status.OPEN, moment=message.written_at)
        ticket.save()
    return message


@transaction.atomic
def reply_to_ticket(*, ticket: Ticket, by: User, body: str, **more: Unpack[Reply]) -> TicketMessage:
    """Answer the customer; the reply leaves by e-mail where the customer has an address.

    The first one stops the clock of the first response, opens a ticket that is new, and makes `by` the assignee of
    one that has none. Raises Overtaken where a colleague replied after what was `seen`, NoWayThere for a `status` that
    does not follow, FileNotThere or ValidationError for files, IsMerged or IsClosed.
    """
    ticket = locked_open(key=ticket.pk)
    if not by.is_active:
        raise MayNotServe(by.pk)
    if "seen" in more:
        refuse_overtaken(ticket=ticket, by=by, seen=more["seen"])
    known = {"author": by, "html": more.get("html", ""), "subject": more.get("subject", "")[:200]}
    message = _say(ticket, TicketMessage.Kind.REPLY, body, **known)
    ticket.first_replied_at = ticket.first_replied_at or message.written_at
    ticket.assignee = ticket.assignee or by
    _stand(ticket, more.get("status", ""), message.written_at)
    ticket.save()
    add_files(message=message, by=by, uploads=more.get("uploads", ()), attachments=more.get("attachments", ()))
    if message.delivery == TicketMessage.Delivery.QUEUED:
        send_reply.defer(message=str(message.pk))
    return message


def _stand(ticket: Ticket, status: str, moment: datetime.datetime) -> None:
    """Let a ticket stand as it does after a reply; raise NoWayThere."""
    if status and status != ticket.status and status not in NEXT[ticket.status]:
        raise NoWayThere(ticket.status, status)
    to = status or (Status.OPEN if ticket.status == Status.NEW else ticket.status)
    move(ticket=ticket, to=to, moment=moment)


@transaction.atomic
def add_note(*, ticket: Ticket, by: User, body: str, **files: Unpack[Files]) -> TicketMessage:
    """Note something for colleagues, which no customer sees, with files; raise IsMerged where the ticket was merged."""
    ticket = locked(key=ticket.pk)
    if ticket.merged_into_id is not None:
        raise IsMerged(ticket.merged_into_id)
    message = _say(ticket, TicketMessage.Kind.NOTE, body, author=by)
    add_files(message=message, by=by, **files)
    return message


@transaction.atomic
def acknowledge(*, ticket: Ticket) -> TicketMessage | None:
    """Tell the customer that the ticket is there, in the words of its queue; that is no first response.

    Nothing is written where the queue has no words, or nothing would leave.
    """
    ticket = locked(key=ticket.pk)
    if not (ticket.queue.acknowledgement and ticket.reply_address and settings.SENDS_EMAIL):
        return None
    message = _say(ticket, TicketMessage.Kind.REPLY, filled(ticket.queue.acknowledgement, ticket))
    send_reply.defer(message=str(message.pk))
    return message


@transaction.atomic
def add_file_note(*, ticket: Ticket, refused: Collection[str]) -> TicketMessage:
    """Note for colleagues which files of a customer were not taken."""
    return _say(locked(key=ticket.pk), TicketMessage.Kind.NOTE, "\n".join([_("These files were not taken:"), *refused]))


def _say(ticket: Ticket, kind: str, body: str, **known: Any) -> TicketMessage:
    """Write a message of a locked ticket's thread; raise ValidationError for one that says nothing, or too much."""
    message = TicketMessage(ticket=ticket, kind=kind, body=body, **known)
    message.written_at = known.get("written_at") or timezone.now()
    author = known.get("author")
    message.owner, message.team = author or ticket.owner, author.team if author else ticket.team
    if kind == TicketMessage.Kind.REPLY and settings.SENDS_EMAIL and ticket.reply_address:
        message.to_address, message.delivery = ticket.reply_address, TicketMessage.Delivery.QUEUED
        message.from_address = ticket.queue.email
        message.message_id = message_id_of(message)
    begin([message])
    message.full_clean(exclude=["ticket", "author", "owner", "team"], validate_unique=False, validate_constraints=False)
    message.save(force_insert=True)
    return message
