"""What was promised, and whether it was kept, stays as it was, whoever would rather have it otherwise."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest

from crm.changes.actions import SetByVerbs, restore_deleted, restore_fields
from crm.models import Change
from service import actions
from service.models import StatusPeriod, Ticket
from service.models.hours import _calendar
from tests.service.refused import refuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.models import SLAPolicy

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let threads take turns after each step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def figures(ticket: Ticket) -> list[Any]:
    names = ("resolution_target", "resolution_due_at", "resolution_breached_at", "first_response_breached_at")
    return list(Ticket.objects.values_list(*names).get(pk=ticket.pk))


def changes(ticket: Ticket, field: str) -> Change:
    found: Any = Change.objects.filter(record=ticket.pk, action="updated", after__has_key=field)
    return found.order_by("-sequence").first()  # type: ignore[no-any-return]


def test_closing_what_was_resolved_in_time_breaks_no_promise_made_since(
    opened: Any, agent: Any, policy: SLAPolicy
) -> None:
    ticket = opened(datetime.now(tz=UTC) - timedelta(days=3))
    StatusPeriod.objects.filter(ticket=ticket).update(began_at=datetime.now(tz=UTC) - timedelta(days=3))
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    before = figures(ticket)
    policy.resolution_normal = 1
    policy.save()
    actions.change_status(ticket=ticket, to="closed")
    assert (figures(ticket), before[0]) == (before, 480)


@pytest.mark.parametrize("field", ["status", "first_replied_at", "resolved_at"])
def test_what_verbs_did_is_not_taken_back_by_history(opened: Any, agent: Any, field: str) -> None:
    ticket = opened(MONDAY)
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    for only in ((), [field]):
        with refuses(SetByVerbs):
            restore_fields(record=Ticket.objects.get(pk=ticket.pk), change=changes(ticket, field), only=only)


def test_a_miss_is_not_taken_back_by_history_but_follows_from_the_priority(opened: Any) -> None:
    ticket = opened(datetime.now(tz=UTC))
    ticket.opened_at, ticket.priority = MONDAY, "urgent"
    ticket.save()
    change = changes(ticket, "resolution_target")
    with refuses(SetByVerbs):
        restore_fields(record=Ticket.objects.get(pk=ticket.pk), change=change, only=["resolution_target"])
    restored: Any = restore_fields(record=Ticket.objects.get(pk=ticket.pk), change=change)
    assert (restored.priority, restored.opened_at, figures(ticket)[0]) == ("normal", MONDAY, 480)


def test_a_ticket_that_was_deleted_comes_back_with_its_misses(opened: Any, agent: Any) -> None:
    ticket = opened(MONDAY)
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    before = figures(ticket)
    key = ticket.pk
    ticket.delete()
    restore_deleted(change=Change.objects.get(record=key, action="deleted"))
    assert figures(Ticket.objects.get(pk=key)) == before
    assert before[2] == MONDAY + timedelta(days=1)


def test_a_target_longer_than_a_life_is_no_failure(opened: Any, policy: SLAPolicy) -> None:
    policy.resolution_normal = 2**31 - 1
    policy.save()
    ticket = Ticket.objects.get(pk=opened().pk)
    assert (ticket.resolution_due_at, ticket.resolution_left) == (None, 2**31 - 1)


def test_holidays_are_known_to_all_threads_that_ask_at_once(impatient: None) -> None:
    week, found = ("00:00-24:00",) * 7, set()

    def ask(calendar: Any, year: int, barrier: Barrier) -> None:
        barrier.wait(60)
        found.add((year, calendar.year(year).total))

    for year in range(1990, 2060):
        calendar, barrier = _calendar.__wrapped__("UTC", week, "JP", "", ""), Barrier(4)
        threads = [Thread(target=ask, args=(calendar, year, barrier)) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(found) == 70
