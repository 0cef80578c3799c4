from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import permutations
from threading import Thread
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from crm.attachments.actions import attach
from crm.models import Attachment
from customers.models import Customer
from service import actions
from service.models import StatusPeriod, Ticket, TicketMessage
from tests.merging.test_concurrency import at_once
from tests.samples import make
from tests.service.refused import refuses

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def texts(ticket: Ticket) -> list[str]:
    return list(TicketMessage.objects.filter(ticket=ticket, kind="customer").values_list("body", flat=True))


def test_a_merge_brings_messages_and_files_and_closes_the_other(opened: Any, agent: Any) -> None:
    winner, loser = opened(body="One."), opened(body="Two.")
    attach(about=loser, name="a.txt", content=ContentFile(b"smoke"), by=agent)
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    loser.refresh_from_db()
    assert sorted(texts(winner)) == ["One.", "Two."]
    assert (loser.status, loser.merged_into, texts(loser)) == ("closed", winner, [])
    assert Attachment.objects.get().about_id == winner.pk


def test_an_answer_to_what_was_merged_is_heard_where_it_is_now(opened: Any, agent: Any) -> None:
    first, second, third = opened(), opened(), opened()
    actions.merge_tickets(winner=second, loser=first, by=agent)
    actions.merge_tickets(winner=third, loser=second, by=agent)
    assert actions.receive_message(ticket=first, body="Hello?").ticket == third
    assert Ticket.objects.get(pk=first.pk).merged_into == third


def test_a_resolved_ticket_that_takes_in_an_open_one_is_open_again(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened()
    actions.change_status(ticket=winner, to="resolved")
    merged = actions.merge_tickets(winner=winner, loser=loser, by=agent)
    assert (Ticket.objects.get(pk=winner.pk).status, merged.reopened) == ("open", 1)


def test_a_resolved_ticket_that_takes_in_a_resolved_one_stays_so(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened()
    actions.change_status(ticket=winner, to="resolved")
    actions.change_status(ticket=loser, to="resolved")
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    assert Ticket.objects.get(pk=winner.pk).status == "resolved"


def test_tickets_of_two_customers_are_never_one(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened(customer=make(Customer, name="Eve"))
    with refuses(actions.NotTheirs):
        actions.merge_tickets(winner=winner, loser=loser, by=agent)
    with refuses(actions.SameTicket):
        actions.merge_tickets(winner=winner, loser=winner, by=agent)


def test_nothing_is_done_on_a_ticket_that_was_merged(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened()
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    with refuses(actions.IsMerged):
        actions.reply_to_ticket(ticket=loser, by=agent, body="Hello.")
    with refuses(actions.IsMerged):
        actions.change_status(ticket=loser, to="open")
    with refuses(actions.IsMerged):
        actions.merge_tickets(winner=winner, loser=loser, by=agent)


def test_a_ticket_is_split_with_the_messages_named(opened: Any, agent: Any) -> None:
    ticket = opened(body="The printer smokes.")
    other = actions.receive_message(ticket=ticket, body="And I need ink.")
    made = actions.split_ticket(ticket=ticket, messages=[other.pk], subject="Ink", by=agent)
    assert (texts(ticket), texts(made)) == (["The printer smokes."], ["And I need ink."])
    assert (made.subject, made.customer, made.opened_at) == ("Ink", ticket.customer, other.written_at)


def test_a_split_leaves_something_and_takes_something(opened: Any, agent: Any) -> None:
    ticket = opened(body="One thing.")
    only = TicketMessage.objects.get(ticket=ticket)
    stranger = TicketMessage.objects.get(ticket=opened())
    for keys in ([only.pk], [], [stranger.pk]):
        with refuses(actions.NothingToSplit):
            actions.split_ticket(ticket=ticket, messages=keys, subject="Ink", by=agent)


def test_a_merge_makes_no_wait_shorter(opened: Any, agent: Any) -> None:
    first, later = opened(MONDAY), opened(MONDAY + timedelta(days=300))
    actions.merge_tickets(winner=later, loser=first, by=agent)
    later.refresh_from_db()
    assert (later.opened_at, later.first_response_due_at) == (MONDAY, MONDAY + timedelta(hours=1))
    assert later.first_response_breached_at == MONDAY + timedelta(hours=1)
    assert later.resolution_breached_at == MONDAY + timedelta(days=1)


def test_the_time_that_the_other_waited_for_the_customer_does_not_count(opened: Any, agent: Any) -> None:
    first, later = opened(MONDAY), opened(MONDAY + timedelta(days=3))
    StatusPeriod.objects.filter(ticket=first).update(ended_at=MONDAY + timedelta(hours=2))
    began = MONDAY + timedelta(hours=2)
    StatusPeriod.objects.create(ticket=first, status="pending", began_at=began)
    Ticket.objects.filter(pk=first.pk).update(status="pending", status_since=began, first_replied_at=began)
    actions.merge_tickets(winner=later, loser=first, by=agent)
    later.refresh_from_db()
    assert (later.first_replied_at, later.resolution_due_at) == (began, MONDAY + timedelta(days=3, hours=6))


def test_what_was_answered_before_a_merge_is_answered(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened()
    reply = actions.reply_to_ticket(ticket=loser, by=agent, body="Unplug it.")
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    winner.refresh_from_db()
    assert (winner.first_replied_at, winner.first_response_breached_at) == (reply.written_at, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(4))
def test_twelve_crossing_merges_of_four_tickets_and_what_is_said_meanwhile_take_turns(
    opened: Any, agent: Any, _round: int
) -> None:
    tickets = [opened(body=f"{number}") for number in range(4)]
    merges = [partial(actions.merge_tickets, winner=a, loser=b, by=agent) for a, b in permutations(tickets, 2)]
    says = [partial(actions.receive_message, ticket=one, body="Hello?") for one in tickets]
    answers = at_once([*merges, *says], (actions.IsMerged, actions.IsClosed, actions.SameTicket))
    assert answers.count("done") == 3 + 4
    (left,) = Ticket.objects.filter(merged_into=None)
    assert sorted(texts(left)) == ["0", "1", "2", "3", *["Hello?"] * 4]


@pytest.mark.django_db(transaction=True)
def test_what_is_said_on_a_merged_ticket_waits_for_nobody_who_holds_it(opened: Any, agent: Any) -> None:
    winner, loser = opened(), opened()
    actions.merge_tickets(winner=winner, loser=loser, by=agent)

    def say() -> None:
        actions.receive_message(ticket=loser, body="Hello?")
        connection.close()

    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=loser.pk)
        thread = Thread(target=say)
        thread.start()
        thread.join(timeout=20)
        assert "Hello?" in texts(winner)
    thread.join(60)
