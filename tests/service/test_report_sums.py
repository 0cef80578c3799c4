"""Whatever tickets there are, the reports are what plain Python adds up over the rows that the API answers."""

from __future__ import annotations

import datetime
import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from hypothesis import given

from service.models import Ticket
from tests.always import always
from tests.service.figures import TICKETS, Desk
from tests.staff import signed_in, superuser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.service.figures import Row

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01"
BANDS = {"under_1_day": 1, "days_1_to_3": 3, "days_3_to_7": 7, "days_7_to_30": 30, "over_30_days": 10_000}
ACTIVE = {"new", "open", "pending", "on_hold"}


@pytest.fixture
def desk(make_user: Any, make_team: Any, queue: Any, customer: Any) -> Desk:
    agent = make_user(team=make_team("Service"))
    names = ["view_team_ticket", "view_team_ticketmessage"]
    agent.user_permissions.set(Permission.objects.filter(codename__in=names))
    return Desk(agent, queue, customer, make_team("Others"))


@pytest.fixture
def client(desk: Desk, api_client: Any) -> Any:
    return api_client(desk.agent, "service:read")


def read(client: Any, path: str, **asked: str) -> list[Row]:
    answer = client.get(f"/api/v1/{path}", asked)
    assert answer.status_code == 200, answer.content
    found: list[Row] = answer.json()["results"]
    return found


def tickets(client: Any, desk: Desk, some: Iterable[Row]) -> list[Row]:
    """Make tickets, and return those that the agent reads."""
    for one in some:
        desk.ticket(one)
    rows = read(client, "tickets", limit="200")
    assert len(rows) == Ticket.objects.visible_to(desk.agent).count()
    return rows


def split(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def when(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def band(row: Row) -> str:
    days = (timezone.now() - when(row["opened_at"])) / datetime.timedelta(days=1)
    return next(name for name, most in BANDS.items() if days < most)


def backlog_of(rows: list[Row]) -> dict[str, Any]:
    late = [row for row in rows if row["first_response_breached_at"] or row["resolution_breached_at"]]
    bands = [band(row) for row in rows]
    return {
        "tickets": len(rows),
        "unassigned": sum(row["assignee"] is None for row in rows),
        "late": len(late),
        **{name: bands.count(name) for name in BANDS},
        "oldest": min(timezone.localtime(when(row["opened_at"])).date() for row in rows).isoformat(),
    }


@given(some=TICKETS)
@always
def test_the_backlog_is_what_is_not_resolved_by_age(desk: Desk, client: Any, some: list[Row]) -> None:
    waiting = [row for row in tickets(client, desk, some) if row["status"] in ACTIVE]
    expected = {key: backlog_of(rows) for key, rows in split(waiting, lambda row: row["priority"]).items()}
    found = {row.pop("group"): row for row in read(client, "reports/ticket-backlog", by="priority")}
    assert {key: {name: row[name] for name in expected[key]} for key, row in found.items()} == expected


def quantile(values: list[float], share: int) -> float | None:
    """Return the value below which a share lies, as PostgreSQL's percentile_cont has it."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def times_of(rows: list[Row]) -> dict[str, Any]:
    """Return what the report on times says of tickets."""
    done = [row for row in rows if row["status"] == "resolved"]
    found: dict[str, Any] = {"answered": sum(row["first_replied_at"] is not None for row in rows)}
    found |= {"resolved": len(done), "reopened": sum(row["reopened"] > 0 for row in rows)}
    for name, clock, stop, counted in (
        ("response", "first_response", "first_replied_at", rows),
        ("resolution", "resolution", "resolved_at", done),
    ):
        waits = [(when(r[stop]) - when(r["opened_at"])).total_seconds() / 3600 for r in counted if r[stop]]
        minutes = [row[f"{clock}_minutes"] for row in counted if row[f"{clock}_minutes"] is not None]
        for share in (50, 90):
            found[f"{name}_p{share}"] = quantile(waits, share)
            found[f"{name}_minutes_p{share}"] = quantile(minutes, share)
    return found


@given(some=TICKETS)
@always
def test_times_are_those_of_the_tickets_by_both_clocks(desk: Desk, client: Any, some: list[Row]) -> None:
    rows = tickets(client, desk, some)
    found = {row["group_id"]: row for row in read(client, "reports/ticket-times", by="queue", since=LONG_AGO)}
    expected = {key: times_of(some) for key, some in split(rows, lambda row: row["queue"]).items()}
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        said = {name: found[key][name] for name in figures}
        numbers = {name: float(value) if isinstance(value, str) else value for name, value in said.items()}
        assert numbers == {name: pytest.approx(value, abs=0.006) for name, value in figures.items()}


@given(some=TICKETS)
@always
def test_met_and_missed_are_of_what_was_promised(desk: Desk, client: Any, some: list[Row]) -> None:
    rows = tickets(client, desk, some)
    found = read(client, "reports/sla-attainment", by="channel", since=LONG_AGO)
    for row in found:
        own = [one for one in rows if one["channel"] == row["group"]]
        missed = [one for one in own if one["resolution_target"] and one["resolution_breached_at"]]
        met = [o for o in own if o["status"] == "resolved" and o["resolution_target"] and o not in missed]
        assert (row["resolution_met"], row["resolution_missed"]) == (len(met), len(missed))
    assert {row["group"] for row in found} == {row["channel"] for row in rows}


@pytest.mark.parametrize(
    ("name", "by"), [("ticket-backlog", "queue"), ("ticket-times", "month"), ("sla-attainment", "agent")]
)
def test_a_report_is_one_query_however_many_tickets(
    desk: Desk, client: Any, name: str, by: str, django_assert_num_queries: Any
) -> None:
    given = {"replied": 5, "path": ["resolved"], "step": 9, "assignee": True, "priority": "low", "channel": "web"}
    for age in range(0, 50_000, 10_000):
        desk.ticket({**given, "age": age, "queue": age % 20_000 // 10_000, "seen": True})
    read(client, f"reports/{name}", by=by)
    with django_assert_num_queries(2):  # who asks, and the report
        assert isinstance(read(client, f"reports/{name}", by=by), list)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        *(("ticket-backlog", {"by": by}) for by in ("queue", "priority", "agent", "channel")),
        *(("ticket-times", {"by": by, "since": LONG_AGO}) for by in ("month", "queue", "agent", "customer", "channel")),
        ("sla-attainment", {"by": "month", "since": LONG_AGO}),
    ],
)
def test_each_row_leads_to_the_tickets_that_it_counts(desk: Desk, name: str, asked: dict[str, str]) -> None:
    given: Row = {"replied": 5, "priority": "low", "channel": "web", "step": 9, "seen": True}
    for number in range(6):
        path, place = ["resolved"] * (number % 3 == 2), {"queue": number % 2, "assignee": number > 3}
        desk.ticket({**given, "age": number * 15_000, "path": path, **place})
    client = signed_in(superuser())
    lines = client.get(f"/admin/reports/{name}/", asked).context["lines"]
    numbers = [client.get(line["link"]).context["cl"].result_count for line in lines]
    counted = [int(line["cells"][1]["text"]) for line in lines]
    total = Ticket.objects.count() if name != "ticket-backlog" else Ticket.objects.active().count()
    assert sum(numbers) == total
    if name == "ticket-backlog":
        assert numbers == counted
