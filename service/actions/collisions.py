"""Two colleagues answer at once: the second is told before the customer reads both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from service.models import TicketMessage

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.models import User
    from service.models import Ticket


class Overtaken(Exception):
    """A colleague has replied since whoever replies now has looked."""


def replies_of_others(*, ticket: Ticket, by: User) -> QuerySet[Any]:
    """Return the replies of colleagues, the newest first."""
    written = TicketMessage.objects.filter(ticket=ticket, kind=TicketMessage.Kind.REPLY, author__isnull=False)
    found: QuerySet[Any] = written.exclude(author=by).select_related("author").order_by("-written_at", "-pk")
    return found


def newer_replies(*, ticket: Ticket, by: User, seen: UUID | None) -> QuerySet[Any]:
    """Return the replies of colleagues that came after one; all of them after None."""
    found = replies_of_others(ticket=ticket, by=by)
    last = TicketMessage.objects.filter(pk=seen).first() if seen else None
    if last is None:
        return found
    return found.filter(Q(written_at__gt=last.written_at) | Q(written_at=last.written_at, pk__gt=last.pk))


def refuse_overtaken(*, ticket: Ticket, by: User, seen: UUID | None) -> None:
    """Raise Overtaken where a colleague replied to a locked ticket after what was seen."""
    if newer_replies(ticket=ticket, by=by, seen=seen).exists():
        raise Overtaken(ticket.pk)
