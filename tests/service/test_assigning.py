from __future__ import annotations

from collections import Counter
from threading import Thread
from typing import Any

import pytest
from django.db import connection

from service import actions
from service.models import Agent, Queue, Ticket
from tests.samples import make
from tests.service.refused import refuses

pytestmark = pytest.mark.django_db


@pytest.fixture
def agents(make_user: Any) -> list[Agent]:
    people = [make_user("Service agent") for _number in range(3)]
    return [Agent.objects.create(user=one, skills=["printer"], capacity=5) for one in people]


def turns(queue: Queue, kind: str, *skills: str) -> None:
    queue.assignment, queue.skills = kind, list(skills)
    queue.save()


def test_tickets_are_given_in_turn(opened: Any, queue: Queue, agents: list[Agent]) -> None:
    turns(queue, "round_robin")
    assert [opened().assignee for _number in range(4)] == [
        agents[0].user,
        agents[1].user,
        agents[2].user,
        agents[0].user,
    ]


def test_a_ticket_goes_to_whom_has_least(opened: Any, queue: Queue, agents: list[Agent]) -> None:
    for one in (agents[0], agents[0], agents[2]):
        make(Ticket, queue=queue, assignee=one.user)
    turns(queue, "least_loaded")
    assert opened().assignee == agents[1].user


def test_who_lacks_a_skill_is_full_or_away_gets_none(opened: Any, queue: Queue, agents: list[Agent]) -> None:
    turns(queue, "round_robin", "printer", "ink")
    Agent.objects.filter(pk=agents[0].pk).update(skills=["ink", "printer"], is_available=False)
    Agent.objects.filter(pk=agents[1].pk).update(skills=["ink", "printer"], capacity=1)
    assert [opened().assignee for _number in range(2)] == [agents[1].user, None]
    Agent.objects.filter(pk=agents[0].pk).update(is_available=True)
    assert actions.assign_waiting() == 1
    assert Counter(Ticket.objects.values_list("assignee", flat=True)) == {agents[0].user_id: 1, agents[1].user_id: 1}


def test_who_may_no_longer_see_tickets_is_given_none(opened: Any, queue: Queue, agents: list[Agent]) -> None:
    turns(queue, "least_loaded")
    agents[0].user.groups.clear()
    assert opened().assignee == agents[1].user


@pytest.mark.django_db(transaction=True)
def test_turns_are_fair_when_all_tickets_come_at_once(opened: Any, queue: Queue, agents: list[Agent]) -> None:
    def open_some() -> None:
        for _number in range(2):
            opened()
        connection.close()

    turns(queue, "round_robin")
    threads = [Thread(target=open_some) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(Ticket.objects.values_list("assignee", flat=True)) == {one.user_id: 4 for one in agents}


def test_who_takes_a_ticket_has_it_and_no_colleague_takes_it(opened: Any, agent: Any, make_user: Any) -> None:
    ticket = opened()
    taken = actions.take_ticket(ticket=ticket, by=agent)
    assert (taken.assignee, taken.status) == (agent, "open")
    with refuses(actions.IsTaken):
        actions.take_ticket(ticket=ticket, by=make_user("Service agent"))


def test_a_ticket_is_given_to_nobody_who_may_not_see_it(opened: Any, make_user: Any) -> None:
    ticket = opened()
    for person in (make_user("Marketer"), make_user("Service agent", is_active=False)):
        with refuses(actions.MayNotServe):
            actions.assign_ticket(ticket=ticket, to=person)
