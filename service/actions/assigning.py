"""Who gets a ticket: by hand, in turn, or by who has least to do; always one who knows what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.db.models import Count, F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from service.actions.refusals import locked_open
from service.actions.states import move
from service.models import Agent, Queue, Status, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import User

AT_ONCE: Final = 500
AUTOMATIC: Final = (Queue.Assignment.ROUND_ROBIN, Queue.Assignment.LEAST_LOADED)
ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('service.assigning', 0))"


class IsTaken(Exception):
    """A colleague has the ticket already."""


class MayNotServe(Exception):
    """Who is to get the ticket no longer works here, or may not see tickets."""


@transaction.atomic
def assign_ticket(*, ticket: Ticket, to: User | None) -> Ticket:
    """Give a ticket to a colleague, or to nobody; raise MayNotServe, IsMerged or IsClosed."""
    ticket = locked_open(key=ticket.pk)
    if to is not None and (not to.is_active or to.view_level(Ticket) is None):
        raise MayNotServe(to.pk)
    ticket.assignee = to
    ticket.save()
    return ticket


@transaction.atomic
def take_ticket(*, ticket: Ticket, by: User) -> Ticket:
    """Take a ticket upon oneself, which opens one that is new; raise IsTaken, IsMerged or IsClosed."""
    ticket = locked_open(key=ticket.pk)
    if ticket.assignee_id not in (None, by.pk):
        raise IsTaken(ticket.assignee_id)
    ticket.assignee = by
    if ticket.status == Status.NEW:
        move(ticket=ticket, to=Status.OPEN)
    ticket.save()
    return ticket


@transaction.atomic
def assign_automatically(*, ticket: Ticket) -> Ticket:
    """Give a ticket to the agent whose turn it is in its queue; leave it where nobody can take it.

    Agents are chosen one after the other, however many tickets come at once: so each choice knows the ones before.
    """
    if ticket.assignee_id is not None or ticket.queue.assignment not in AUTOMATIC:
        return ticket
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
    ticket = locked_open(key=ticket.pk)
    agent = next_agent(queue=ticket.queue) if ticket.assignee_id is None else None
    if agent is None:
        return ticket
    ticket.assignee = agent.user
    ticket.save()
    Agent.objects.filter(pk=agent.pk).update(assigned_at=timezone.now(), updated_at=Now())
    return ticket


def next_agent(*, queue: Queue) -> Agent | None:
    """Return whose turn it is; None where nobody who knows enough, and may see tickets, has room."""
    mine = Ticket.objects.active().filter(assignee=OuterRef("user")).order_by().values("assignee")
    load: Any = Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number"), IntegerField()), 0)
    known = Agent.objects.filter(is_available=True, user__is_active=True, skills__contains=queue.skills)
    free = known.annotate(load=load).filter(load__lt=F("capacity")).select_related("user")
    by_turn = [F("assigned_at").asc(nulls_first=True), "pk"]
    order = by_turn if queue.assignment == Queue.Assignment.ROUND_ROBIN else ["load", *by_turn]
    agents: Iterable[Agent] = free.order_by(*order)
    return next((one for one in agents if one.user.view_level(Ticket) is not None), None)


def assign_waiting() -> int:
    """Give out tickets that wait for an agent in queues that give them out; return how many found one."""
    waiting = Ticket.objects.active().filter(assignee__isnull=True, queue__assignment__in=AUTOMATIC)
    tickets = list(waiting.select_related("queue").order_by("next_due_at", "pk")[:AT_ONCE])
    full: set[Any] = set()
    given = 0
    for ticket in tickets:
        if ticket.queue_id in full:
            continue
        if assign_automatically(ticket=ticket).assignee_id is None:
            full.add(ticket.queue_id)
        else:
            given += 1
    return given
