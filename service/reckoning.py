"""Clocks of many tickets at once: set anew after what was promised has changed, and found too late.

Tickets that are resolved keep what was promised when they were.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from crm import bulk
from service.models import ACTIVE, SLAPolicy, StatusPeriod, Ticket
from service.models.measured import DECIDING, KEPT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

AT_ONCE: Final = 1000
said: Final = attrgetter(*KEPT)
# Transactions that began before a change, and end after it was followed, set clocks by what was before it.
LONGEST_WRITE: Final = timedelta(minutes=3)


def follow_policies() -> int:
    """Set anew the clocks of open tickets whose policy, or its hours, changed since they were set; return how many.

    What changed of late is followed again: not all that knew the old promise had been written then.
    """
    changed = Greatest("updated_at", "hours__updated_at")
    due = SLAPolicy.objects.annotate(changed_at=changed).filter(
        Q(followed_at__isnull=True)
        | Q(followed_at__lt=F("changed_at"))
        | Q(changed_at__gt=timezone.now() - LONGEST_WRITE)
    )
    return sum(follow(policy) for policy in due.order_by("pk"))


def follow(policy: Any) -> int:
    """Set anew the clocks of a policy's open tickets, so many at once; whoever is stopped begins again."""
    last: UUID | None = None
    count = 0
    while (keys := following(policy, last)) and (last := keys[-1]):
        count += set_anew(keys)
    SLAPolicy.objects.filter(pk=policy.pk).update(followed_at=policy.changed_at)
    return count


def following(policy: SLAPolicy, last: UUID | None) -> list[UUID]:
    """Return the next open tickets of a policy after one, in the order of their ids."""
    rows = Ticket.objects.filter(policy=policy, status__in=ACTIVE).order_by("pk")
    return list((rows.filter(pk__gt=last) if last else rows).values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def set_anew(keys: list[UUID], *, now: datetime | None = None) -> int:
    """Set the clocks of tickets anew, in four statements whatever their number; return how many differ."""
    tickets = locked(keys)
    before = [said(ticket) for ticket in tickets]
    moment = now or timezone.now()
    for ticket in tickets:
        ticket.set_clocks(now=moment)
    differing = [one for one, was in zip(tickets, before, strict=True) if said(one) != was]
    bulk.update(Ticket, [(one, KEPT) for one in differing])
    return len(differing)


def locked(keys: list[UUID]) -> list[Any]:
    """Return open tickets under their locks, with no more than clocks need: each policy once, periods as tuples."""
    rows = Ticket.objects.filter(pk__in=keys, status__in=ACTIVE).order_by("pk").select_for_update(of=("self",))
    tickets = list(rows.only("pk", "status_since", "resolved_at", *DECIDING, *KEPT))
    policies = SLAPolicy.objects.select_related("hours").in_bulk({one.policy_id for one in tickets})
    stretches = defaultdict(list)
    periods = StatusPeriod.objects.filter(ticket__in=keys).order_by("ticket", "began_at", "pk")
    for key, *stretch in periods.values_list("ticket", "status", "began_at", "ended_at"):
        stretches[key].append(tuple(stretch))
    for ticket in tickets:
        ticket.policy, ticket.read_stretches = policies.get(ticket.policy_id), stretches[ticket.pk]
    return tickets


@transaction.atomic
def note_breaches(*, now: datetime | None = None) -> int:
    """Note on open tickets that a target is missed, as of when it was due; return how many. One statement a clock."""
    moment = now or timezone.now()
    late = Ticket.objects.active().filter(next_due_at__lte=moment)
    unanswered = late.filter(first_replied_at__isnull=True, first_response_breached_at__isnull=True)
    first = unanswered.filter(first_response_due_at__lte=moment).update(
        first_response_breached_at=F("first_response_due_at"), updated_at=Now()
    )
    unresolved = late.filter(resolution_breached_at__isnull=True, resolution_due_at__lte=moment)
    second = unresolved.update(resolution_breached_at=F("resolution_due_at"), updated_at=Now())
    return int(first + second)
