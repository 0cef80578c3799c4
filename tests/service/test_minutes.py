"""How long a ticket took, in business time, stands on the ticket."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from service.actions.states import move
from service.models import Ticket
from service.reckoning import follow_policies

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 3, 6, 16, 30, tzinfo=BERLIN)
MONDAY = datetime(2026, 3, 9, 9, 45, 59, tzinfo=BERLIN)


def took(ticket: Ticket) -> tuple[int | None, int | None]:
    found = Ticket.objects.get(pk=ticket.pk)
    return found.first_response_minutes, found.resolution_minutes


def moved(ticket: Ticket, to: str, moment: datetime) -> Ticket:
    found: Ticket = Ticket.objects.get(pk=ticket.pk)
    move(ticket=found, to=to, moment=moment)
    found.save()
    return found


def replied(ticket: Ticket, moment: datetime) -> None:
    ticket.first_replied_at = moment
    ticket.save()


def test_a_weekend_is_no_business_time(opened: Any) -> None:
    ticket = opened(FRIDAY)
    assert took(ticket) == (None, None)
    replied(ticket, MONDAY)
    assert took(ticket) == (75, None)
    moved(ticket, "resolved", MONDAY + timedelta(hours=1))
    assert took(ticket) == (75, 135)


def test_waiting_for_the_customer_counts_for_nothing(opened: Any) -> None:
    ticket = moved(opened(FRIDAY), "pending", FRIDAY + timedelta(minutes=10))
    moved(ticket, "open", MONDAY)
    moved(ticket, "resolved", MONDAY + timedelta(minutes=5))
    assert took(ticket) == (None, 15)


def test_a_ticket_that_is_open_again_has_no_resolution_until_the_next(opened: Any) -> None:
    ticket = moved(opened(FRIDAY), "resolved", FRIDAY + timedelta(minutes=10))
    assert took(ticket)[1] == 10
    moved(ticket, "open", MONDAY)
    assert took(ticket)[1] is None
    moved(ticket, "resolved", MONDAY + timedelta(minutes=20))
    assert took(ticket)[1] == 30


def test_how_long_it_took_does_not_end_at_the_target(opened: Any, policy: Any) -> None:
    ticket = opened(FRIDAY)
    replied(ticket, FRIDAY + timedelta(days=7))
    assert (took(ticket)[0], policy.first_response_normal) == (5 * 480, 60)


def test_it_is_measured_where_nothing_is_promised_too_but_not_without_hours(opened: Any, queue: Any) -> None:
    low = opened(FRIDAY, priority="low")
    replied(low, MONDAY)
    assert (took(low)[0], Ticket.objects.get(pk=low.pk).first_response_target) == (75, None)
    queue.policy = None
    queue.save()
    other = opened(FRIDAY)
    replied(other, MONDAY)
    assert took(other) == (None, None)


def test_open_tickets_follow_new_hours_and_resolved_ones_keep_their_own(opened: Any, hours: Any) -> None:
    waiting, done = opened(FRIDAY), opened(FRIDAY)
    for ticket in (waiting, done):
        replied(ticket, MONDAY)
    moved(done, "resolved", MONDAY)
    hours.saturday = "09:00-10:00"
    hours.save()
    assert follow_policies() == 1
    assert (took(waiting)[0], took(done)[0]) == (135, 75)
