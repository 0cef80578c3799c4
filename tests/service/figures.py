"""Random tickets with a past of their own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from hypothesis import strategies as st

from service.actions import open_ticket
from service.actions.states import move
from service.models import Queue, Status, Ticket

if TYPE_CHECKING:
    from crm.models import Team, User
    from customers.models import Customer

type Row = dict[str, Any]
HOURS = 60

TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "age": st.integers(0, 40 * 24 * HOURS),  # minutes
            "replied": st.none() | st.integers(0, 3000),
            "path": st.lists(st.sampled_from(["pending", "open", "resolved"]), max_size=4),
            "step": st.integers(1, 600),
            "queue": st.integers(0, 1),
            "assignee": st.booleans(),
            "priority": st.sampled_from(["normal", "urgent", "low"]),
            "channel": st.sampled_from(["phone", "web"]),
            "seen": st.booleans(),
        }
    ),
    max_size=8,
)


class Desk:
    """Two queues, one with a policy, and tickets of which the agent's team has some."""

    def __init__(self, agent: User, queue: Queue, customer: Customer, others: Team) -> None:
        self.agent, self.customer, self.others = agent, customer, others
        self.queues = [queue, Queue.objects.create(name="Sales desk")]

    def ticket(self, given: Row) -> Ticket:
        """Open a ticket in the past, and let it go its way until now at the latest."""
        opened = timezone.now() - timedelta(minutes=given["age"], seconds=30)
        known: Any = {"priority": given["priority"], "channel": given["channel"], "received": {"written_at": opened}}
        ticket = open_ticket(
            customer=self.customer, queue=self.queues[given["queue"]], subject="Printer", body="It smokes.", **known
        )
        ticket.team = self.agent.team if given["seen"] else self.others
        ticket.assignee = self.agent if given["assignee"] else None
        if given["replied"] is not None:
            ticket.first_replied_at = min(opened + timedelta(minutes=given["replied"]), timezone.now())
        ticket.save()
        moment = opened
        for status in given["path"]:
            moment = min(moment + timedelta(minutes=given["step"]), timezone.now())
            move(ticket=ticket, to=Status(status), moment=moment)
            ticket.save()
            ticket = Ticket.objects.get(pk=ticket.pk)
        return ticket
