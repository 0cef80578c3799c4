from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.db import connection

from service import actions
from service.alerts import give_alerts
from service.models import Alert, SLAPolicy, Ticket
from service.reckoning import follow_policies
from tests.worker import do_all

if TYPE_CHECKING:
    from crm.models import User

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def given() -> list[tuple[str, str]]:
    return list(Alert.objects.order_by("given_at", "clock").values_list("clock", "event"))


@pytest.fixture
def ticket(opened: Any, agent: User) -> Ticket:
    found = opened(MONDAY)
    Ticket.objects.filter(pk=found.pk).update(assignee=agent, first_response_breached_at=None)
    return found  # type: ignore[no-any-return]


def test_a_warning_and_a_miss_are_told_once_each(ticket: Ticket) -> None:
    assert give_alerts(now=MONDAY - timedelta(minutes=1)) == 0
    assert [give_alerts(now=MONDAY + timedelta(minutes=10)) for _time in range(3)] == [1, 0, 0]
    assert [give_alerts(now=MONDAY + timedelta(minutes=70)) for _time in range(3)] == [1, 0, 0]
    assert given() == [("first_response", "warning"), ("first_response", "breach")]


def test_after_the_worker_was_down_only_the_miss_is_told(ticket: Ticket) -> None:
    assert give_alerts(now=MONDAY + timedelta(days=9)) == 2
    assert given() == [("first_response", "breach"), ("resolution", "breach")]


def test_many_workers_at_once_tell_it_once(ticket: Ticket) -> None:
    def tell() -> None:
        give_alerts(now=MONDAY + timedelta(minutes=10))
        connection.close()

    threads = [Thread(target=tell) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert given() == [("first_response", "warning")]


def test_what_is_answered_or_waits_for_the_customer_is_not_told(opened: Any, agent: User) -> None:
    actions.reply_to_ticket(ticket=opened(), by=agent, body="Which one?", status="pending")
    assert give_alerts(now=datetime.now(tz=UTC) + timedelta(days=9)) == 0


def test_a_miss_is_told_once_also_where_it_was_answered_before_the_worker_came(ticket: Ticket, agent: User) -> None:
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Which one?", status="resolved")
    assert [give_alerts(now=MONDAY + timedelta(minutes=70)) for _time in range(3)] == [1, 0, 0]
    assert given() == [("first_response", "breach")]


def test_a_miss_of_long_ago_is_not_told_any_more(ticket: Ticket, agent: User) -> None:
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Which one?", status="resolved")
    assert give_alerts(now=MONDAY + timedelta(days=30)) == 0


def test_a_promise_that_changes_is_warned_of_anew(ticket: Ticket) -> None:
    give_alerts(now=MONDAY + timedelta(minutes=70))
    found = Ticket.objects.get(pk=ticket.pk)
    found.priority = "urgent"
    found.save()
    assert give_alerts(now=MONDAY + timedelta(minutes=71)) == 2
    assert given()[1:] == [("first_response", "breach"), ("resolution", "warning")]


def test_the_assignee_is_warned_and_of_a_miss_the_manager_too(
    ticket: Ticket, agent: User, policy: SLAPolicy, make_user: Any, no_jobs: None
) -> None:
    boss = make_user(email="boss@crm.example")
    SLAPolicy.objects.filter(pk=policy.pk).update(escalate_to=boss, resolution_normal=None)
    follow_policies()
    give_alerts(now=MONDAY + timedelta(minutes=10))
    give_alerts(now=MONDAY + timedelta(minutes=70))
    do_all()
    told = {message.subject.partition(":")[0]: message.to for message in mail.outbox}
    assert told == {"Soon due": ["omar@crm.example"], "Missed": ["omar@crm.example", "boss@crm.example"]}
    do_all()
    assert (len(mail.outbox), Alert.objects.filter(sent_at=None).count()) == (2, 0)


def test_where_the_assignee_has_left_the_manager_is_warned(
    ticket: Ticket, agent: User, policy: SLAPolicy, make_user: Any, no_jobs: None
) -> None:
    boss = make_user(email="boss@crm.example")
    SLAPolicy.objects.filter(pk=policy.pk).update(escalate_to=boss)
    agent.is_active = False
    agent.save()
    give_alerts(now=MONDAY + timedelta(minutes=10))
    do_all()
    assert [message.to for message in mail.outbox] == [["boss@crm.example"]]
