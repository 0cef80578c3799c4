"""Warnings before a target is missed, and word after: of each promise once, also after the worker was down.

That an alert is given, and the job that sends it, are written in one transaction; whether it was given, a unique
constraint of the database decides. Where both moments passed unseen, only the miss is told; it is told for a week, also
where the ticket was answered or resolved meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from crm.languages import write_to
from service.models import ACTIVE, Alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from crm.models import User

AT_ONCE: Final = 500
ATTEMPTS: Final = 8
DUE: Final = """
    SELECT t.id, c.clock, CASE WHEN c.due_at <= %(now)s THEN 'breach' ELSE 'warning' END AS event, c.target, c.due_at
    FROM service_ticket t
    JOIN service_slapolicy p ON p.id = t.policy_id
    CROSS JOIN LATERAL (VALUES
        ('first_response', t.first_response_target,
            CASE WHEN t.first_replied_at IS NULL THEN t.first_response_due_at END),
        ('resolution', t.resolution_target, t.resolution_due_at)) AS c (clock, target, due_at)
    WHERE t.status = ANY(%(active)s)
    AND t.next_due_at <= %(now)s + interval '1 minute'
        * (SELECT coalesce(max(warning_minutes), 0) FROM service_slapolicy)
    AND c.due_at <= %(now)s + p.warning_minutes * interval '1 minute'
"""
MISSED: Final = """
    SELECT t.id, c.clock, 'breach', c.target, c.breached_at
    FROM service_ticket t
    CROSS JOIN LATERAL (VALUES
        ('first_response', t.first_response_target, t.first_response_breached_at),
        ('resolution', t.resolution_target, t.resolution_breached_at)) AS c (clock, target, breached_at)
    WHERE (t.first_response_breached_at > %(now)s - interval '7 days'
        OR t.resolution_breached_at > %(now)s - interval '7 days')
    AND c.breached_at > %(now)s - interval '7 days' AND c.breached_at <= %(now)s
    AND t.policy_id IS NOT NULL AND t.merged_into_id IS NULL
"""
GIVE: Final = f"""
    INSERT INTO service_alert (id, ticket_id, clock, event, target, due_at, given_at)
    SELECT gen_random_uuid(), d.id, d.clock, d.event, d.target, d.due_at, %(now)s FROM ({DUE} UNION ALL {MISSED}) AS d
    WHERE NOT EXISTS (SELECT FROM service_alert a WHERE a.ticket_id = d.id AND a.clock = d.clock
        AND a.target = d.target AND a.event = d.event)
    ORDER BY d.due_at LIMIT {AT_ONCE}
    ON CONFLICT DO NOTHING RETURNING id
"""  # noqa: S608 -- constants of ours


def give_alerts(*, now: datetime | None = None) -> int:
    """Give all alerts whose time has come; return how many."""
    count = 0
    while given := give_some(now or timezone.now()):
        count += given
    return count


@transaction.atomic
def give_some(now: datetime) -> int:
    """Give some alerts; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE, {"now": now, "active": [str(one) for one in ACTIVE]})
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        send_alert.defer(alert=str(key))
    return len(keys)


@app.task(retry=RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=4))
def send_alert(alert: str) -> None:
    """Send one alert by e-mail to whoever it concerns, unless it was sent."""
    with transaction.atomic():
        related = ("ticket__assignee", "ticket__policy__escalate_to", "ticket__team__manager", "ticket__customer")
        rows = Alert.objects.select_for_update(of=("self",)).select_related(*related)
        one: Any = rows.filter(pk=UUID(alert), sent_at__isnull=True).first()
        if one is None:
            return
        people = [person for person in dict.fromkeys(concerned(one)) if person.is_active and person.email]
        if settings.SENDS_EMAIL and people:
            send(one, people)
        one.sent_at = timezone.now()
        one.save()


def concerned(alert: Alert) -> Iterable[User]:
    """Yield whom an alert is for: the assignee; of a miss, and where nobody is there, who looks after the team too."""
    ticket = alert.ticket
    assignee = ticket.assignee if ticket.assignee and ticket.assignee.is_active else None
    if assignee is not None:
        yield assignee
    if alert.event == Alert.Event.WARNING and assignee is not None:
        return
    above = ticket.policy.escalate_to if ticket.policy else None
    above = above or (ticket.team.manager if ticket.team else None)
    if above is not None:
        yield above


def send(alert: Alert, people: Sequence[User]) -> None:
    """Send an alert to colleagues."""
    ticket = alert.ticket
    address = settings.BASE_URL + reverse("admin:service_ticket_thread", args=(ticket.pk,))
    known = {"alert": alert, "ticket": ticket, "address": address}

    def subject() -> str:
        return (_("Missed: %s") if alert.event == Alert.Event.BREACH else _("Soon due: %s")) % ticket

    write_to(people, subject, "service/alert.txt", known)
