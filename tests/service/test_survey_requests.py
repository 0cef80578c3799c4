"""Customers are asked once for each resolution, when their queue says so, unless that was undone meanwhile."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from crm.models import Change
from service import actions
from service.models import Queue, SurveyAnswer, SurveyRequest, Ticket
from service.surveys import REQUEST, ask_customers
from tests.plans import scanned
from tests.service.test_sending import server
from tests.worker import do_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import User

__all__ = ["server"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def after_a_day(queue: Queue, no_jobs: None) -> None:
    queue.survey_hours = 24
    queue.save()


@pytest.fixture
def resolved(opened: Callable[..., Ticket], agent: User) -> Ticket:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.", status="resolved")
    do_all()
    mail.outbox.clear()
    ticket.refresh_from_db()
    return ticket


def ask(hours: float) -> int:
    """Ask as if so many hours had gone by, and do the work; return how many were asked."""
    asked = ask_customers(now=timezone.now() + timedelta(hours=hours))
    do_all()
    return asked


def link_in(text: object) -> str:
    (link,) = [line for line in str(text).splitlines() if line.startswith("http")]
    return link.removeprefix("http://127.0.0.1:8000")


def test_a_customer_is_asked_once_when_the_time_has_come(resolved: Ticket) -> None:
    assert [ask(hours) for hours in (23.9, 24.1, 24.2, 48)] == [0, 1, 0, 0]
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email) == (["ada@example.com"], "Support <support@example.com>")
    assert sent.subject == f"How did we do? {resolved}"
    Client().post(link_in(sent.body), {"score": "5"})
    assert SurveyAnswer.objects.get().ticket == resolved
    assert SurveyRequest.objects.get().sent_at is not None


def test_the_question_comes_in_the_customers_language(resolved: Ticket) -> None:
    resolved.customer.language = "zh-CN"
    resolved.customer.save()
    ask(25)
    assert mail.outbox[0].subject == f"我们做得怎么样？{resolved}"


def test_the_resolving_reply_asks_nothing_where_the_question_comes_later(opened: Any, agent: Any) -> None:
    actions.reply_to_ticket(ticket=opened(), by=agent, body="Done.", status="resolved")
    do_all()
    assert "/survey" not in mail.outbox[0].body


@pytest.mark.parametrize(("delay", "asked"), [(None, 0), (0, 1)])
def test_an_empty_delay_asks_never_and_none_at_once(opened: Any, queue: Queue, delay: int | None, asked: int) -> None:
    Queue.objects.update(survey_hours=delay)
    actions.change_status(ticket=opened(), to="resolved")
    assert (ask(0.1), ask(30), len(mail.outbox)) == (asked, 0, asked)


def test_whoever_was_asked_by_the_resolving_reply_is_not_asked_again(opened: Any, agent: Any, queue: Queue) -> None:
    Queue.objects.update(survey_hours=0)
    actions.reply_to_ticket(ticket=opened(), by=agent, body="Done.", status="resolved")
    do_all()
    assert (ask(1), len(mail.outbox), "/survey" in mail.outbox[0].body) == (0, 1, True)


def test_reopening_before_the_question_is_due_takes_it_back(resolved: Ticket) -> None:
    actions.receive_message(ticket=resolved, body="It smokes again.")
    assert (ask(30), mail.outbox) == (0, [])


def test_reopening_before_the_message_leaves_takes_it_back(resolved: Ticket) -> None:
    assert ask_customers(now=timezone.now() + timedelta(hours=25)) == 1
    actions.receive_message(ticket=resolved, body="It smokes again.")
    do_all()
    assert (mail.outbox, SurveyRequest.objects.count()) == ([], 0)


def test_each_resolution_is_asked_about_and_answered_for_itself(resolved: Ticket) -> None:
    ask(25)
    Client().post(link_in(mail.outbox[0].body), {"score": "1"})
    actions.receive_message(ticket=resolved, body="It smokes again.")
    actions.change_status(ticket=resolved, to="resolved")
    assert ask(25) == 1
    Client().post(link_in(mail.outbox[1].body), {"score": "5"})
    judged = list(SurveyAnswer.objects.order_by("resolution").values_list("resolution", "score"))
    assert judged == [(1, 1), (2, 5)]


def test_whoever_has_judged_is_not_asked(resolved: Ticket) -> None:
    actions.judge_ticket(ticket=resolved, score=4)
    assert (ask(25), mail.outbox) == (0, [])


def test_a_merged_ticket_asks_nothing(resolved: Ticket, opened: Any, agent: Any) -> None:
    winner = opened(subject="Scanner")
    actions.merge_tickets(winner=winner, loser=resolved, by=agent)
    assert (ask(25), mail.outbox) == (0, [])
    actions.change_status(ticket=winner, to="resolved")
    assert (ask(25), SurveyRequest.objects.get().ticket) == (1, winner)


def test_a_closed_ticket_was_resolved_all_the_same(resolved: Ticket) -> None:
    actions.change_status(ticket=resolved, to="closed")
    assert (ask(25), len(mail.outbox)) == (1, 1)


def test_after_the_worker_was_down_for_long_nobody_is_asked(resolved: Ticket) -> None:
    assert (ask(24 + 71), ask(24 + 73)) == (1, 0)
    SurveyRequest.objects.all().delete()
    assert ask(24 + 73) == 0


def test_who_has_no_address_is_not_asked(resolved: Ticket) -> None:
    resolved.customer.email = ""
    resolved.customer.save()
    assert ask(25) == 0


def test_nothing_is_noted_where_no_mail_leaves(resolved: Ticket, settings: Any) -> None:
    settings.SENDS_EMAIL = False
    assert (ask(25), SurveyRequest.objects.count()) == (0, 0)


def test_many_workers_at_once_ask_once(resolved: Ticket) -> None:
    def one() -> None:
        ask_customers(now=timezone.now() + timedelta(hours=25))
        connection.close()

    threads = [Thread(target=one) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    do_all()
    assert (SurveyRequest.objects.count(), len(mail.outbox)) == (1, 1)


def test_a_refusal_for_good_is_noted_and_not_tried_again(server: Any, resolved: Ticket) -> None:
    server.taken.clear()
    server.answers = ["550 no such user"]
    ask(25)
    do_all()
    found = SurveyRequest.objects.get()
    assert (server.taken, found.sent_at, found.refused_at is not None) == ([], None, True)


def test_a_message_sent_twice_is_known_as_the_same(resolved: Ticket) -> None:
    ask(25)
    SurveyRequest.objects.update(sent_at=None)  # as if the worker had died after the server took it
    from service.surveys import send_survey

    send_survey.func(request=str(SurveyRequest.objects.get().pk))
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_who_is_due_is_found_without_reading_the_others(resolved: Ticket) -> None:
    same = {"queue": resolved.queue, "customer": resolved.customer, "subject": "Printer"}
    Ticket.objects.bulk_create(Ticket(number=f"T-9{number:05}", **same) for number in range(1_000))
    assert scanned(REQUEST, {"now": timezone.now()})["service_ticket"] <= 2


def test_the_answer_stands_on_the_customers_timeline(resolved: Ticket, api_client: Any, integration: Any) -> None:
    answer = actions.judge_ticket(ticket=resolved, score=2, comment="Slow.")
    client = api_client(integration, "customers:read", "service:read")
    address = f"/api/v1/customers/{resolved.customer_id}/timeline"
    (entry,) = client.get(address, {"kind": "survey-answers"}).json()["results"]
    assert (entry["customer"], entry["record"]["score"]) == (str(resolved.customer_id), 2)
    assert (entry["record"]["id"], entry["record"]["comment"]) == (str(answer.pk), "Slow.")
    assert Change.objects.filter(record=answer.pk, action="created").count() == 1
