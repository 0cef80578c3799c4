from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import Change
from service import actions
from service.models import Agent, Ticket, TicketMessage
from tests.feed import settle
from tests.samples import make
from tests.service.refused import state

pytestmark = pytest.mark.django_db
TICKETS = "/api/v1/tickets"


@pytest.fixture
def client(api_client: Any, agent: Any) -> Any:
    return api_client(agent, "service:read", "service:write", "customers:read")


def test_a_ticket_is_opened_with_its_first_message(client: Any, customer: Any, queue: Any, agent: Any) -> None:
    body = {"customer": str(customer.pk), "queue": str(queue.pk), "subject": "Ink", "body": "None left."}
    answer = client.post(f"{TICKETS}/open", {**body, "priority": "urgent"})
    found = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"http://testserver{TICKETS}/{found['id']}")
    assert (found["status"], found["first_response_target"], found["owner"]) == ("new", 15, str(agent.pk))
    messages = client.get(answer.headers["Location"], {"expand": "messages,customer"}).json()["messages"]
    assert [(one["kind"], one["body"]) for one in messages] == [("customer", "None left.")]


def test_what_is_plainly_made_has_clocks_and_an_agent_too(client: Any, customer: Any, queue: Any, agent: Any) -> None:
    queue.assignment = "round_robin"
    queue.save()
    Agent.objects.create(user=agent)
    body = {"customer": str(customer.pk), "queue": str(queue.pk), "subject": "Ink"}
    single = client.post(TICKETS, body).json()
    batch = client.post(f"{TICKETS}/batch", {"items": [{"operation": "create", "data": body}]}).json()
    many = client.get(f"{TICKETS}/{batch['results'][0]['record']}").json()
    assert (single["assignee"], single["first_response_target"]) == (str(agent.pk), 60)
    assert (many["assignee"], many["first_response_target"], many["number"][:2]) == (None, 60, "T-")
    assert actions.assign_waiting() == 1


def test_a_reply_and_what_follows_are_one_call(client: Any, opened: Any, agent: Any) -> None:
    ticket = opened()
    found = client.post(f"{TICKETS}/{ticket.pk}/reply", {"body": "Which one?", "status": "pending"}).json()
    assert (found["status"], found["assignee"], found["resolution_due_at"]) == ("pending", str(agent.pk), None)
    assert found["resolution_left"] <= 480 * 60
    again = client.post(f"{TICKETS}/{ticket.pk}/receive", {"body": "The big one."}).json()
    assert (again["status"], again["resolution_left"]) == ("open", None)


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [
        ("move", {"status": "closed"}, 409),
        ("move", {"status": "new"}, 400),
        ("reply", {"body": "x", "status": "closed"}, 400),
        ("reply", {}, 400),
        ("reply", {"body": "a\0b"}, 400),
        ("note", {"body": "x", "other": 1}, 400),
        ("assign", {"assignee": str(uuid4())}, 422),
        ("split", {"subject": "x", "messages": [str(uuid4())]}, 422),
        ("merge", {"loser": str(uuid4())}, 422),
    ],
)
def test_what_cannot_be_is_a_problem_and_changes_nothing(
    client: Any, opened: Any, verb: str, body: dict[str, Any], status: int
) -> None:
    ticket = opened()
    before = state()
    answer = client.post(f"{TICKETS}/{ticket.pk}/{verb}", body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert state() == before


def test_what_the_crm_keeps_is_not_written(client: Any, opened: Any) -> None:
    ticket = opened()
    for name, value in {"status": "closed", "assignee": None, "number": "T-1", "resolution_due_at": None}.items():
        answer = client.patch(f"{TICKETS}/{ticket.pk}", {name: value or "2030-01-01T00:00:00Z"})
        assert answer.json()["errors"][0]["code"] == "read_only", name
    assert Ticket.objects.get(pk=ticket.pk).status == "new"


def test_a_priority_that_is_raised_moves_the_clocks(client: Any, opened: Any) -> None:
    ticket = opened()
    found = client.patch(f"{TICKETS}/{ticket.pk}", {"priority": "urgent"}).json()
    assert (found["first_response_target"], found["resolution_target"]) == (15, 120)
    assert found["resolution_due_at"] < ticket.resolution_due_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_what_is_missed_next_comes_first(client: Any, opened: Any) -> None:
    normal, urgent = opened(), opened(priority="urgent")
    answered = opened(priority="low")
    rows = client.get(TICKETS, {"ordering": "next_due_at", "fields": "id"}).json()["results"]
    assert [one["id"] for one in rows] == [str(one.pk) for one in (urgent, normal, answered)]


@pytest.mark.django_db(transaction=True)
def test_every_verb_is_on_the_change_feed_with_who_did_it(client: Any, opened: Any, agent: Any) -> None:
    ticket = opened()
    client.post(f"{TICKETS}/{ticket.pk}/take")
    settle()
    change = Change.objects.filter(record=ticket.pk).order_by("-sequence").first()
    assert change is not None
    assert (change.user_id, change.customer, change.after["status"]) == (agent.pk, ticket.customer_id, "open")


def test_another_teams_tickets_are_not_there(api_client: Any, make_user: Any, opened: Any) -> None:
    from django.contrib.auth.models import Permission

    outsider = make_user()
    outsider.user_permissions.set(Permission.objects.filter(codename__in=["view_own_ticket", "change_ticket"]))
    client, ticket = api_client(outsider, "service:read", "service:write"), opened()
    before = state()
    for verb, body in (("take", None), ("reply", {"body": "x"}), ("note", {"body": "x"})):
        assert client.post(f"{TICKETS}/{ticket.pk}/{verb}", body).status_code == 404
    assert client.get(f"{TICKETS}/{ticket.pk}").status_code == 404
    assert state() == before


def test_an_assignee_sees_the_ticket_and_its_messages(api_client: Any, make_user: Any, opened: Any) -> None:
    from django.contrib.auth.models import Permission

    person = make_user()
    codes = ["view_own_ticket", "view_own_ticketmessage"]
    person.user_permissions.set(Permission.objects.filter(codename__in=codes))
    ticket = opened()
    Ticket.objects.filter(pk=ticket.pk).update(assignee=person)
    make(TicketMessage, ticket=make(Ticket))
    rows = api_client(person, "service:read").get("/api/v1/ticket-messages").json()["results"]
    assert [one["body"] for one in rows] == ["It smokes."]


def test_a_number_that_no_score_can_be_exports_nothing(client: Any) -> None:
    answer = client.get("/api/v1/survey-answers/export", {"score": "-1", "fields": "id"})
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"id\n")
