"""What the verbs on tickets refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.models import Ticket

if TYPE_CHECKING:
    from uuid import UUID


class IsMerged(Exception):
    """The ticket was merged into another, which is to be used."""


class IsClosed(Exception):
    """The ticket is closed; reopen it first."""


def locked(*, key: UUID) -> Any:
    """Return a ticket as it is now, under its lock, with what its clocks need."""
    related = ("policy__hours", "queue__policy__hours", "customer", "assignee")
    return Ticket.objects.select_related(*related).select_for_update(of=("self",)).get(pk=key)


def locked_open(*, key: UUID) -> Any:
    """Return a ticket under its lock; raise IsMerged or IsClosed for one on which nothing is done any more."""
    ticket = locked(key=key)
    if ticket.merged_into_id is not None:
        raise IsMerged(ticket.merged_into_id)
    if ticket.status == "closed":
        raise IsClosed(ticket.pk)
    return ticket
