from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from service import actions
from service.models import Queue, SLAPolicy, Status, StatusPeriod, Ticket
from service.reckoning import follow_policies, note_breaches
from tests.service.refused import refuses

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)  # 10:00 in Berlin


def periods(ticket: Ticket) -> list[tuple[str, bool]]:
    rows = StatusPeriod.objects.filter(ticket=ticket).order_by("began_at", "id")
    return [(one.status, one.ended_at is None) for one in rows]


def test_a_ticket_has_a_number_and_clocks_from_the_queues_policy(opened: Any) -> None:
    ticket = opened(MONDAY)
    assert ticket.number.startswith("T-")
    assert Ticket.objects.get(pk=ticket.pk).number == ticket.number
    assert (ticket.first_response_due_at, ticket.first_response_target) == (MONDAY + timedelta(hours=1), 60)
    assert ticket.resolution_due_at == datetime(2026, 6, 2, 8, 0, tzinfo=UTC)
    assert ticket.next_due == ticket.first_response_due_at
    assert periods(ticket) == [("new", True)]


def test_the_first_reply_stops_the_first_clock_and_opens_the_ticket(opened: Any, agent: Any) -> None:
    ticket = opened(datetime.now(tz=UTC) - timedelta(seconds=5))
    message = actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.assignee, ticket.first_replied_at) == ("open", agent, message.written_at)
    assert ticket.first_response_breached_at is None
    second = actions.reply_to_ticket(ticket=ticket, by=agent, body="Now?")
    assert message.written_at < second.written_at
    assert Ticket.objects.get(pk=ticket.pk).first_replied_at == message.written_at
    assert [status for status, _open in periods(ticket)] == ["new", "open"]


def test_a_reply_that_comes_late_is_noted_as_late_from_when_it_was_due(opened: Any, agent: Any) -> None:
    ticket = opened(MONDAY)
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Sorry.")
    ticket.refresh_from_db()
    assert ticket.first_response_breached_at == MONDAY + timedelta(hours=1)


def test_clocks_stand_still_while_the_customer_is_waited_for(opened: Any) -> None:
    ticket = opened(MONDAY)
    Ticket.objects.filter(pk=ticket.pk).update(status="pending", status_since=MONDAY + timedelta(hours=2))
    ticket = Ticket.objects.get(pk=ticket.pk)
    ticket.set_clocks(now=MONDAY + timedelta(days=9))
    assert (ticket.resolution_due_at, ticket.resolution_left) == (None, 6 * 3600)
    ticket.status, ticket.status_since = Status.OPEN, MONDAY + timedelta(days=7)
    ticket.set_clocks(now=MONDAY + timedelta(days=7))
    assert ticket.resolution_due_at == MONDAY + timedelta(days=7, hours=6)


def test_a_customers_word_opens_what_was_resolved_and_the_clock_runs_on(opened: Any, agent: Any) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    message = actions.receive_message(ticket=ticket, body="Not at all.")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reopened, message.kind) == ("open", 1, "customer")
    assert [status for status, _open in periods(ticket)] == ["new", "resolved", "open"]
    assert ticket.resolution_due_at is not None


def test_a_higher_priority_counts_from_when_the_ticket_was_opened(opened: Any) -> None:
    ticket = opened(MONDAY)
    ticket.priority = "urgent"
    ticket.save()
    assert ticket.first_response_due_at == MONDAY + timedelta(minutes=15)
    assert ticket.resolution_due_at == MONDAY + timedelta(hours=2)
    assert ticket.resolution_breached_at == ticket.resolution_due_at


def test_a_policy_that_changes_sets_open_clocks_anew_and_no_others(opened: Any, policy: SLAPolicy, agent: Any) -> None:
    ticket, done = opened(MONDAY), opened(MONDAY)
    actions.reply_to_ticket(ticket=done, by=agent, body="Done.", status="resolved")
    before = Ticket.objects.get(pk=done.pk).resolution_due_at
    follow_policies()
    policy.resolution_normal = 60
    policy.save()
    assert follow_policies() == 1
    assert follow_policies() == 0
    ticket.refresh_from_db()
    assert (ticket.resolution_target, ticket.resolution_due_at) == (60, MONDAY + timedelta(hours=1))
    assert Ticket.objects.get(pk=done.pk).resolution_due_at == before


def test_a_ticket_that_was_being_written_while_its_policy_changed_follows_it_too(
    opened: Any, policy: SLAPolicy
) -> None:
    policy.resolution_normal = 60
    policy.save()
    follow_policies()
    ticket = opened(MONDAY)
    Ticket.objects.filter(pk=ticket.pk).update(resolution_target=480, resolution_due_at=MONDAY + timedelta(hours=8))
    assert follow_policies() == 1
    assert Ticket.objects.get(pk=ticket.pk).resolution_due_at == MONDAY + timedelta(hours=1)


def test_a_queue_that_is_new_to_a_ticket_brings_its_policy(opened: Any, hours: Any) -> None:
    ticket = opened(MONDAY)
    other = SLAPolicy.objects.create(name="Gold", hours=hours, first_response_normal=30)
    ticket.queue = Queue.objects.create(name="Gold", policy=other)
    ticket.save()
    assert (ticket.policy, ticket.first_response_due_at) == (other, MONDAY + timedelta(minutes=30))
    assert ticket.resolution_due_at is None


def test_what_is_late_is_noted_in_one_go_as_of_when_it_was_due(opened: Any) -> None:
    tickets = [opened(MONDAY), opened(datetime.now(tz=UTC))]
    Ticket.objects.update(first_response_breached_at=None, resolution_breached_at=None)
    assert note_breaches(now=MONDAY + timedelta(minutes=61)) == 1
    assert note_breaches(now=MONDAY + timedelta(minutes=61)) == 0
    late = Ticket.objects.get(pk=tickets[0].pk)
    assert late.first_response_breached_at == MONDAY + timedelta(hours=1)


@pytest.mark.parametrize(("state", "to"), [("open", "new"), ("new", "closed"), ("closed", "resolved")])
def test_a_state_that_does_not_follow_is_refused(opened: Any, state: str, to: str) -> None:
    ticket = opened()
    Ticket.objects.filter(pk=ticket.pk).update(status=state, resolved_at=datetime.now(tz=UTC))
    with refuses(actions.NoWayThere):
        actions.change_status(ticket=ticket, to=to)


def test_tickets_that_stay_resolved_are_closed_after_the_queues_days(opened: Any, agent: Any, queue: Queue) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    now = datetime.now(tz=UTC)
    assert actions.close_resolved(now=now + timedelta(days=6)) == 0
    assert actions.close_resolved(now=now + timedelta(days=8)) == 1
    assert [status for status, _open in periods(ticket)] == ["new", "resolved", "closed"]


@pytest.mark.django_db(transaction=True)
def test_numbers_wait_for_no_other_transaction(opened: Any) -> None:
    found: list[str] = []

    def other() -> None:
        found.append(opened().number)
        connection.close()

    with transaction.atomic():
        first = opened().number
        thread = Thread(target=other)
        thread.start()
        thread.join(timeout=20)
        assert len(found) == 1
    assert found[0] > first
