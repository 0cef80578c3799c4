"""What is measured of service: the agent's desk, and clocks set anew after a policy changed, over 200,000 tickets."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from service.admin.desk import desk, parts_for
from service.models import BusinessHours, Queue, SLAPolicy, Ticket
from service.reckoning import follow_policies
from tests.perf import data
from tests.perf.measure import Row, factor, medians, share
from tests.perf.sales import queries_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crm.models import User

TICKETS: Final = 200_000
OPEN: Final = 20_000
# One ticket in ten is open; of the open ones the agent has one in fifty, and nobody one in twenty.
MAKE: Final = (
    """INSERT INTO service_ticket (id, created_at, updated_at, owner_id, team_id, custom, tags, ticket_number, subject,
 customer_id, email, queue_id, type, priority, channel, assignee_id, reopened, status, status_since, opened_at,
 first_replied_at, resolved_at, policy_id, first_response_target, resolution_target, first_response_due_at,
 resolution_due_at)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-b000-' || lpad(to_hex(n), 12, '0'))::uuid, at, now(), %(owner)s,
 %(team)s, '{}', '{}', 'P-' || lpad(n::text, 6, '0'), 'Ticket ' || n,
 (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '', %(queue)s, 'question', 'normal',
 'email', CASE WHEN n %% 200 = 10 THEN NULL WHEN n %% 500 = 0 THEN %(owner)s ELSE %(other)s END, 0,
 CASE WHEN n %% 10 = 0 THEN 'open' ELSE 'closed' END, at, at, CASE WHEN n %% 20 = 0 THEN at + interval '20 minutes' END,
 CASE WHEN n %% 10 <> 0 THEN at + interval '1 day' END, %(policy)s, 60, 480, at + interval '1 day',
 at + interval '3 days'
FROM (SELECT n, now() - n %% 20000 * interval '1 minute'
 - CASE WHEN n %% 10 = 0 THEN interval '0' ELSE interval '90 days' END AS at FROM generate_series(1, %(rows)s) n) s""",
    """INSERT INTO service_statusperiod (id, ticket_id, status, began_at, ended_at)
SELECT gen_random_uuid(), id, 'new', opened_at, opened_at + interval '10 minutes' FROM service_ticket
 WHERE ticket_number LIKE 'P-%%' AND status = 'open'
UNION ALL SELECT gen_random_uuid(), id, 'open', opened_at + interval '10 minutes', NULL FROM service_ticket
 WHERE ticket_number LIKE 'P-%%' AND status = 'open'""",
)
# What somebody would write by hand who knew the new times already: the same columns of the same rows.
WRITE: Final = """UPDATE service_ticket SET first_response_target = %(minutes)s, resolution_target = %(minutes)s,
 first_response_due_at = first_response_due_at + interval '1 minute', first_response_left = NULL,
 first_response_breached_at = NULL, first_response_minutes = %(minutes)s,
 resolution_due_at = resolution_due_at + interval '1 minute', resolution_left = NULL, resolution_breached_at = NULL,
 resolution_minutes = NULL, updated_at = now()
WHERE policy_id = %(policy)s AND status IN ('new', 'open', 'pending', 'on_hold')"""
minutes = itertools.count(600)


def make_rows(user: User) -> SLAPolicy:
    """Fill the tables unless they are full; return the policy of all tickets."""
    hours, _made = BusinessHours.objects.get_or_create(name="Perf", defaults={"time_zone": "Europe/Berlin"})
    targets = {"hours": hours, "first_response_normal": 60, "resolution_normal": 480}
    policy: SLAPolicy = SLAPolicy.objects.get_or_create(name="Perf", defaults=targets)[0]
    queue, _made = Queue.objects.get_or_create(name="Perf", defaults={"policy": policy})
    if Ticket.objects.filter(queue=queue).count() >= TICKETS:
        return policy
    other = data.member("benchmark-agent-other", "Benchmark", "Service agent")
    known = {"owner": user.pk, "team": user.team_id, "other": other.pk, "queue": queue.pk, "policy": policy.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in MAKE:
            cursor.execute(statement, {**known, "rows": TICKETS})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE service_ticket, service_statusperiod")
    return policy


def cases() -> Iterator[Row]:
    """Measure the desk and the clocks."""
    user = data.member("benchmark-agent", "Benchmark", "Service agent")
    user.is_staff = True
    policy = make_rows(user)
    yield from of_desk(user)
    yield of_clocks(policy)


def of_desk(user: User) -> Iterator[Row]:
    """Measure what the desk shows, and the whole page, against the same queries by hand."""
    request = RequestFactory().get("/admin/service/ticket/desk/")
    request.user = user
    by_hand, number = queries_of(lambda: parts_for(user))
    seconds = medians({"raw": by_hand, "lists": lambda: parts_for(user), "page": page(request)})
    against = f"the same {number} queries by hand"
    yield share("desk: lists of an agent among 200,000 tickets", seconds["raw"], seconds["lists"], 0.5, against)
    yield factor("desk: the whole page, drawn", seconds["lists"], seconds["page"], 10, "its lists")


def page(request: Any) -> Callable[[], object]:
    """Return what draws the desk."""
    return lambda: desk(request).render()  # type: ignore[attr-defined]  # of a template


def of_clocks(policy: SLAPolicy) -> Row:
    """Measure clocks set anew after a policy changed against an UPDATE of the same rows with times known before."""

    def by_hand() -> None:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, {"policy": policy.pk, "minutes": next(minutes)})

    def ours() -> None:
        SLAPolicy.objects.filter(pk=policy.pk).update(
            first_response_normal=next(minutes), resolution_normal=next(minutes), updated_at=timezone.now()
        )
        changed = follow_policies()
        if changed != OPEN:
            raise RuntimeError(changed)

    seconds = medians({"raw": by_hand, "ours": ours}, all_rounds=3, least=1)
    work = f"clocks of {OPEN:,} open tickets among 200,000, after a policy changed"
    return share(work, seconds["raw"], seconds["ours"], 0.25, "UPDATE by hand with times known before")
