"""Each report equals what plain Python adds up over the rows that the API answers to the same colleague."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from hypothesis import given

from crm.reports.reports import REPORTS
from sales.models import Opportunity, Stage
from sales.models.currencies import rounded
from tests.always import always
from tests.sales.figures import DEALS, LEADS, World, day_of, missing, read, split, total, weighted
from tests.samples import make
from tests.staff import signed_in, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.sales.figures import Row

    Asked = Callable[..., list[Row]]

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World, api_client: Callable[..., Client]) -> Client:
    """Return a client of one of the team, who does not see what is of the other team."""
    world.people[0].groups.add(Group.objects.get(name="Sales manager"))
    return api_client(world.people[0], "sales:read")


def report(client: Client, name: str, **asked: str) -> list[Row]:
    answer = client.get(f"/api/v1/reports/{name}", asked)
    assert answer.status_code == 200, answer.content
    found: list[Row] = answer.json()["results"]
    return found


def money(row: Row, *names: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(row[name]) for name in names)


def numbers(row: Row, *names: str) -> tuple[Any, ...]:
    """Return figures of a row, those that are texts as numbers."""
    return tuple(float(row[name]) if isinstance(row[name], str) else row[name] for name in names)


def made(world: World, deals: list[Row], leads: list[Row] | None = None) -> None:
    for deal in deals:
        world.deal(deal)
    for lead in leads or []:
        world.lead(lead)


@given(deals=DEALS)
@always
def test_the_pipeline_is_what_the_open_deals_come_to(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    still_open = [row for row in read(client, "opportunities") if row["status"] == "open"]
    expected = {
        stage: (len(rows), total(rows), sum(map(weighted, rows)), missing(rows))
        for stage, rows in split(still_open, lambda row: row["stage"]).items()
    }
    found = report(client, "pipeline")
    assert expected == {
        row["stage_id"]: (row["deals"], *money(row, "amount", "weighted"), row["without_rate"]) for row in found
    }


def in_forecast(row: Row) -> bool:
    return not {row["status"], row["forecast_category"]} & {"lost", "omitted"}


def month_of(row: Row) -> str:
    day = day_of(row["closed_at"]) if row["closed_at"] else None
    if day is None:
        day = max(timezone.localdate(), datetime.datetime.fromisoformat(row["expected_close_on"]).date())
    return day.replace(day=1).isoformat()


def forecast_of(rows: list[Row]) -> tuple[Any, ...]:
    """Return what the forecast says of some deals: how many, the sums by category, those summed up, what is missing."""
    kinds = split(rows, lambda row: row["forecast_category"])
    sums = [total(kinds.get(name, [])) for name in ("closed", "commit", "best_case", "pipeline")]
    together = (sum(sums[:2]), sum(sums[:3]), sum(sums))
    return len(rows), *sums, *together, sum(map(weighted, rows)), missing(rows)


def source_of(leads: list[Row], deals: dict[str, Row]) -> tuple[Any, ...]:
    """Return what the report on sources says of the leads of one."""
    *numbers, won = far(leads, deals)
    return *numbers, len(won), total(won), missing(won)


@given(deals=DEALS)
@always
def test_the_forecast_is_what_is_won_and_expected(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    counting = [row for row in read(client, "opportunities") if in_forecast(row)]
    groups = split(counting, lambda row: (month_of(row), row["owner"]))
    expected = {key: forecast_of(rows) for key, rows in groups.items()}
    names = ("closed", "commit", "best_case", "pipeline", "commit_forecast", "best_case_forecast", "whole_forecast")
    assert expected == {
        (row["month"], row["group_id"]): (row["deals"], *money(row, *names, "weighted"), row["without_rate"])
        for row in report(client, "forecast", since=LONG_AGO, by="owner")
    }


@given(deals=DEALS)
@always
def test_the_win_rate_is_of_what_was_decided(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    decided = [row for row in read(client, "opportunities") if row["status"] != "open"]
    expected = {}
    for key, rows in split(decided, lambda row: f"{day_of(row['closed_at']):%Y-%m}").items():
        won, lost = ([row for row in rows if row["status"] == kind] for kind in ("won", "lost"))
        rate = rounded(Decimal(100) * len(won) / len(rows))
        expected[key] = (len(won), len(lost), rate, total(won), total(lost), missing(rows))
    assert expected == {
        row["group"]: (row["won"], row["lost"], *money(row, "rate", "won_amount", "lost_amount"), row["without_rate"])
        for row in report(client, "win-rate", since=LONG_AGO)
    }


def days_of(rows: list[Row]) -> Any:
    spans = [
        datetime.datetime.fromisoformat(r["closed_at"]) - datetime.datetime.fromisoformat(r["created_at"]) for r in rows
    ]
    lengths = sorted(span.total_seconds() / 86_400 for span in spans)
    if not lengths:
        return None, None
    middle = (lengths[(len(lengths) - 1) // 2] + lengths[len(lengths) // 2]) / 2
    return pytest.approx(sum(lengths) / len(lengths), abs=0.01), pytest.approx(middle, abs=0.01)


@given(deals=DEALS)
@always
def test_the_sales_cycle_is_from_creation_to_decision(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    decided = [row for row in read(client, "opportunities") if row["status"] != "open"]
    expected = {}
    for owner, rows in split(decided, lambda row: row["owner"]).items():
        won, lost = ([row for row in rows if row["status"] == kind] for kind in ("won", "lost"))
        expected[owner] = (len(won), *days_of(won), len(lost), days_of(lost)[0])
    found = report(client, "sales-cycle", since=LONG_AGO, by="owner")
    names = ("won", "days_to_win", "median_days_to_win", "lost", "days_to_lose")
    assert {row["group_id"]: numbers(row, *names) for row in found} == expected


@given(deals=DEALS)
@always
def test_losses_are_counted_by_reason(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    lost = [row for row in read(client, "opportunities") if row["status"] == "lost"]
    expected = {
        reason: (len(rows), rounded(Decimal(100) * len(rows) / len(lost)), total(rows), missing(rows))
        for reason, rows in split(lost, lambda row: row["lost_reason"]).items()
    }
    found = report(client, "loss-reasons", since=LONG_AGO)
    assert expected == {
        row["reason_id"]: (row["deals"], *money(row, "share", "amount"), row["without_rate"]) for row in found
    }


@given(deals=DEALS)
@always
def test_conversion_and_velocity_are_of_the_moves(world: World, client: Client, deals: list[Row]) -> None:
    made(world, deals)
    places = {str(stage.pk): (stage.kind, stage.order) for stage in world.stages}
    moves = [row for row in read(client, "stage-changes") if places[row["from_stage"]][0] == "open"]
    expected = {}
    for stage, rows in split(moves, lambda row: row["from_stage"]).items():
        ends = [places[row["to_stage"]] for row in rows]
        forward = sum(kind == "won" or (kind == "open" and order > places[stage][1]) for kind, order in ends)
        lost = sum(kind == "lost" for kind, _order in ends)
        stay = round(sum(row["seconds"] for row in rows) / len(rows) / 86_400, 2)
        expected[stage] = (len(rows), forward, len(rows) - forward - lost, lost, 0, pytest.approx(stay, abs=0.01))
    names = ("left", "forward", "back", "lost", "elsewhere", "days")
    assert {row["stage_id"]: numbers(row, *names) for row in report(client, "stage-conversion")} == expected


def far(leads: list[Row], deals: dict[str, Row]) -> tuple[int, int, int, list[Row]]:
    """Return how many leads there are, are qualified, became deals, and the deals that were won."""
    states = [row["status"] for row in leads]
    became = [deals[row["opportunity"]] for row in leads if row["opportunity"] in deals]
    won = [row for row in became if row["status"] == "won"]
    return len(leads), sum(s in {"qualified", "converted"} for s in states), states.count("converted"), won


@given(leads=LEADS)
@always
def test_the_funnel_and_the_sources_are_of_the_leads(world: World, client: Client, leads: list[Row]) -> None:
    made(world, [], leads)
    rows = read(client, "leads")
    deals = {row["id"]: row for row in read(client, "opportunities")}
    *numbers, won = far(rows, deals)
    assert [row["number"] for row in report(client, "lead-funnel")] == [*numbers, len(won)]
    expected = {source: source_of(some, deals) for source, some in split(rows, lambda row: row["source"]).items()}
    counts = ("leads", "qualified", "converted", "won")
    assert expected == {
        row["source"]: (*(row[name] for name in counts), Decimal(row["won_amount"]), row["without_rate"])
        for row in report(client, "lead-sources")
    }


@pytest.mark.parametrize("name", sorted(name for name, one in REPORTS.items() if one.scope == "sales"))
def test_reports_reach_the_last_day_that_there_is(world: World, client: Client, name: str) -> None:
    people = {"owner": world.people[0], "team": world.people[0].team}
    make(Opportunity, stage=Stage.objects.beginning()[0], expected_close_on=datetime.date(9999, 12, 15), **people)
    known = {"until": "9999-12-31"} if "until" in REPORTS[name].form.base_fields else {}
    assert client.get(f"/api/v1/reports/{name}", known).status_code == 200
    assert signed_in(superuser()).get(f"/admin/reports/{name}/", known).status_code == 200
