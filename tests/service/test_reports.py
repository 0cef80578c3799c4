"""Each report about service equals what plain Python adds up over the rows that the API answers."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from service.actions import reply_to_ticket
from service.models import SurveyAnswer, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from crm.models import User

type Row = dict[str, Any]
type Opened = Callable[..., Ticket]

pytestmark = pytest.mark.django_db
NAMES = ("ticket-backlog", "ticket-times", "sla-attainment", "ticket-volume", "satisfaction")


@pytest.fixture
def client(agent: User, api_client: Callable[..., Client]) -> Client:
    return api_client(agent, "service:read")


@pytest.fixture
def answered(opened: Opened, agent: User) -> list[Ticket]:
    """Return tickets of which every second is answered and each has its own age; all are the agent's."""
    found = []
    for number in range(7):
        ticket = opened(timezone.now() - datetime.timedelta(days=number, hours=1), owner=agent, assignee=agent)
        if number % 2:
            reply_to_ticket(ticket=ticket, body="Try again.", by=agent)
        found.append(ticket)
    return found


def rows(client: Client, path: str, **asked: str) -> list[Row]:
    answer = client.get(f"/api/v1/{path}", asked)
    assert answer.status_code == 200, answer.content
    found: list[Row] = answer.json()["results"]
    return found


def test_the_backlog_is_what_is_not_resolved(client: Client, answered: list[Ticket]) -> None:
    read = rows(client, "tickets")
    assert len(read) == len(answered)
    late = [row for row in read if row["first_response_breached_at"] or row["resolution_breached_at"]]
    [found] = rows(client, "reports/ticket-backlog")
    assert (found["group"], found["tickets"], found["late"]) == ("Support", 7, len(late))


def test_volume_counts_each_message_once(client: Client, answered: list[Ticket]) -> None:
    kinds = Counter(row["kind"] for row in rows(client, "ticket-messages"))
    found = rows(client, "reports/ticket-volume", since="2020-01-01")
    assert (sum(row["received"] for row in found), sum(row["replies"] for row in found)) == (7, 3)
    assert (kinds["customer"], kinds["reply"]) == (7, 3)


def test_median_times_are_those_of_the_tickets(client: Client, answered: list[Ticket]) -> None:
    read = [row for row in rows(client, "tickets") if row["first_replied_at"]]
    when = datetime.datetime.fromisoformat
    waits = sorted((when(row["first_replied_at"]) - when(row["opened_at"])).total_seconds() / 3600 for row in read)
    [found] = rows(client, "reports/ticket-times", by="queue")
    assert found["answered"] == 3
    assert float(found["response_p50"]) == pytest.approx(waits[1], abs=0.006)
    assert float(found["response_p90"]) == pytest.approx(waits[1] + 0.8 * (waits[2] - waits[1]), abs=0.006)


def test_attainment_tells_met_from_missed(client: Client, answered: list[Ticket]) -> None:
    read = rows(client, "tickets")
    missed = [row for row in read if row["first_response_breached_at"]]
    met = [row for row in read if row["first_replied_at"] and not row["first_response_breached_at"]]
    [found] = rows(client, "reports/sla-attainment", by="agent")
    assert (found["response_met"], found["response_missed"]) == (len(met), len(missed))


def test_satisfaction_is_the_average_of_the_answers(client: Client, answered: list[Ticket]) -> None:
    for ticket, score in zip(answered, (5, 4, 1), strict=False):
        SurveyAnswer.objects.create(ticket=ticket, score=score)
    [found] = rows(client, "reports/satisfaction", by="agent")
    assert (found["answers"], found["satisfied"], found["satisfied_rate"], found["average"]) == (3, 2, "66.67", "3.33")


@pytest.mark.parametrize("name", NAMES)
def test_what_one_may_not_see_does_not_count(
    name: str, answered: list[Ticket], make_user: Callable[..., User], api_client: Callable[..., Client]
) -> None:
    outsider = make_user()
    kinds = ("ticket", "ticketmessage", "surveyanswer")
    outsider.user_permissions.set(Permission.objects.filter(codename__in=[f"view_own_{kind}" for kind in kinds]))
    SurveyAnswer.objects.create(ticket=answered[0], score=5)
    assert rows(api_client(outsider, "service:read"), f"reports/{name}") == []
