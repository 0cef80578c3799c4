"""Clocks run forwards whatever dates mails bear, and stand still on hold where the policy says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from service import actions
from service.models import SLAPolicy, StatusPeriod, Ticket

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("status", ["pending", "resolved"])
@pytest.mark.parametrize("ago", [timedelta(minutes=1), timedelta(days=30)])
def test_a_mail_that_comes_late_turns_no_clock_back(opened: Any, status: str, ago: timedelta) -> None:
    ticket = opened(MONDAY)
    actions.change_status(ticket=ticket, to=status)
    since = Ticket.objects.get(pk=ticket.pk).status_since
    actions.receive_message(ticket=ticket, body="Hello?", written_at=since - ago)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.status_since >= since) == ("open", True)
    periods = StatusPeriod.objects.filter(ticket=ticket).exclude(ended_at=None)
    assert all(one.ended_at >= one.began_at for one in periods if one.ended_at)
    assert max(one.ended_at for one in periods if one.ended_at) >= since


def test_a_mail_from_the_future_is_of_now(opened: Any) -> None:
    ticket = opened(MONDAY)
    actions.change_status(ticket=ticket, to="pending")
    message = actions.receive_message(ticket=ticket, body="Hello?", written_at=timezone.now() + timedelta(days=9))
    ticket.refresh_from_db()
    assert message.written_at <= timezone.now()
    assert (ticket.status, ticket.status_since <= timezone.now()) == ("open", True)


@pytest.mark.parametrize(("pauses", "held"), [("yes", 2), ("", 0)])
def test_a_clock_stands_still_on_hold_where_the_policy_says_so(
    opened: Any, policy: SLAPolicy, pauses: str, held: int
) -> None:
    SLAPolicy.objects.update(pauses_on_hold=bool(pauses))
    ticket = Ticket.objects.select_related("policy").get(pk=opened(MONDAY).pk)
    ticket.status, ticket.status_since = "open", MONDAY + 3 * HOUR
    ticket.read_stretches = [
        ("new", MONDAY, MONDAY + HOUR),
        ("on_hold", MONDAY + HOUR, MONDAY + 3 * HOUR),
        ("open", MONDAY + 3 * HOUR, None),
    ]
    ran = sum(((ended or MONDAY + 4 * HOUR) - began for began, ended in ticket.runs(MONDAY + 4 * HOUR)), timedelta())
    assert ran == (4 - held) * HOUR


@pytest.mark.parametrize("status", ["pending", "resolved", "closed"])
def test_a_clock_stands_still_while_the_customer_is_to_answer_whatever_the_policy(opened: Any, status: str) -> None:
    ticket = opened(MONDAY)
    ticket.read_stretches = [("open", MONDAY, MONDAY + HOUR), (status, MONDAY + HOUR, None)]
    ticket.status = status
    assert ticket.runs() == [(MONDAY, MONDAY + HOUR)]
