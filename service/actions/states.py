"""How a ticket goes from state to state."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Value
from django.db.models.functions import Now
from django.utils import timezone

from service.actions.refusals import IsMerged, locked
from service.models import DONE, Status, Ticket

if TYPE_CHECKING:
    from datetime import datetime

NEXT: Final[dict[str, tuple[str, ...]]] = {
    Status.NEW: (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED),
    Status.OPEN: (Status.PENDING, Status.ON_HOLD, Status.RESOLVED),
    Status.PENDING: (Status.OPEN, Status.ON_HOLD, Status.RESOLVED),
    Status.ON_HOLD: (Status.OPEN, Status.PENDING, Status.RESOLVED),
    Status.RESOLVED: (Status.OPEN, Status.CLOSED),
    Status.CLOSED: (Status.OPEN,),
}
AT_ONCE: Final = 1000


class NoWayThere(Exception):
    """A ticket that stands so cannot come to stand as asked."""


@transaction.atomic
def change_status(*, ticket: Ticket, to: str) -> Ticket:
    """Let a ticket stand otherwise; its clocks run, stand still or stop accordingly.

    Raises NoWayThere where the state does not follow, IsMerged where it was merged into another.
    """
    ticket = locked(key=ticket.pk)
    if ticket.merged_into_id is not None:
        raise IsMerged(ticket.merged_into_id)
    if to not in NEXT[ticket.status]:
        raise NoWayThere(ticket.status, to)
    move(ticket=ticket, to=to)
    ticket.save()
    return ticket


def move(*, ticket: Ticket, to: str, moment: datetime | None = None) -> None:
    """Set how a locked ticket stands from a moment on; nothing where it stands so already."""
    if ticket.status == to:
        return
    moment = max(moment or timezone.now(), ticket.status_since)
    if to == Status.RESOLVED or (to == Status.CLOSED and ticket.status not in DONE):
        ticket.resolved_at = moment
    elif ticket.status in DONE and to not in DONE:
        ticket.reopened += 1
    ticket.status, ticket.status_since = to, moment


@transaction.atomic
def close_resolved(*, now: datetime | None = None) -> int:
    """Close some tickets that stayed resolved for as long as their queues say; return how many.

    One statement, whatever their number; tickets that somebody works on just now wait for the next time.
    """
    now = now or timezone.now()
    day: Any = Value(timedelta(days=1), output_field=DurationField())
    patience = ExpressionWrapper(F("queue__close_days") * day, output_field=DurationField())
    due = Ticket.objects.filter(status=Status.RESOLVED).annotate(closes_at=F("resolved_at") + patience)
    rows = due.filter(closes_at__lte=now).order_by("pk").select_for_update(of=("self",), skip_locked=True)
    keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    closed: int = Ticket.objects.filter(pk__in=keys).update(status=Status.CLOSED, status_since=now, updated_at=Now())
    return closed
