"""Reports over REST: what may be seen is counted, what cannot be read is refused."""

from __future__ import annotations

import csv
import datetime
import io
from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Customer
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db

PATH = "/api/v1/reports/new-customers"
YEAR = {"since": "2026-01-01", "until": "2026-12-31"}


def added(on: str, **fields: Any) -> Any:
    """Make a customer that was added on a day."""
    customer = make(Customer, **fields)
    moment = datetime.datetime.fromisoformat(f"{on}T12:00:00+00:00")
    Customer.objects.filter(pk=customer.pk).update(created_at=moment)
    return customer


@pytest.fixture
def reader(api_client: Callable[..., Client], make_user: Any) -> Client:
    return api_client(make_user("Integration"), "customers:read")


def test_a_report_counts_by_month(reader: Client) -> None:
    added("2026-03-01", kind="person")
    added("2026-03-31", kind="organization")
    added("2026-05-02", kind="organization")
    assert reader.get(PATH, YEAR).json()["results"] == [
        {"month": "2026-03-01", "people": 1, "organizations": 1},
        {"month": "2026-05-01", "people": 0, "organizations": 1},
    ]


def test_the_first_and_the_last_day_belong_to_the_period(reader: Client) -> None:
    added("2026-03-01", kind="person")
    added("2026-03-31", kind="person")
    added("2026-04-01", kind="person")
    rows = reader.get(PATH, {"since": "2026-03-01", "until": "2026-03-31"}).json()["results"]
    assert rows == [{"month": "2026-03-01", "people": 2, "organizations": 0}]


def test_only_what_may_be_seen_is_counted(api_client: Any, make_user: Any, make_team: Any) -> None:
    seller = make_user("Sales representative", team=make_team("North"))
    added("2026-03-01", kind="person", owner=seller, team=seller.team)
    added("2026-03-01", kind="person", owner=make_user(), team=make_team("South"))
    rows = api_client(seller, "customers:read").get(PATH, YEAR).json()["results"]
    assert rows == [{"month": "2026-03-01", "people": 1, "organizations": 0}]


def test_a_report_is_narrowed_to_an_owner(reader: Client, make_user: Any) -> None:
    owner = make_user()
    added("2026-03-01", kind="person", owner=owner)
    added("2026-03-01", kind="person")
    rows = reader.get(PATH, {**YEAR, "owner": str(owner.pk)}).json()["results"]
    assert rows == [{"month": "2026-03-01", "people": 1, "organizations": 0}]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"since": "01/03/2026"}, "invalid"),
        ({"since": ""}, "empty"),
        ({"owner": "nobody"}, "invalid_choice"),
        ({"colour": "red"}, "unknown"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(reader: Client, asked: dict[str, str], code: str) -> None:
    answer = reader.get(PATH, asked)
    assert answer.status_code == 400
    assert [(fault["parameter"], fault["code"]) for fault in answer.json()["errors"]] == [(list(asked)[-1], code)]


def test_a_period_that_ends_before_it_begins_is_422(reader: Client) -> None:
    answer = reader.get(PATH, {"since": "2026-03-02", "until": "2026-03-01"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "period_reversed")


def test_a_colleague_that_there_is_not_is_422(reader: Client) -> None:
    answer = reader.get(PATH, {"owner": "019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10"})
    assert answer.status_code == 422
    assert [(fault["parameter"], fault["code"]) for fault in answer.json()["errors"]] == [("owner", "does_not_exist")]


def test_a_report_comes_as_csv_with_its_columns_also_without_rows(reader: Client) -> None:
    answer = reader.get(PATH, {**YEAR, "format": "csv"})
    assert list(csv.reader(io.StringIO(answer.content.decode()))) == [["month", "people", "organizations"]]
    added("2026-03-01", kind="person")
    answer = reader.get(PATH, {**YEAR, "format": "csv"})
    assert list(csv.reader(io.StringIO(answer.content.decode())))[1:] == [["2026-03-01", "1", "0"]]


def test_a_report_needs_the_scope_and_a_role(api_client: Any, make_user: Any, client_without_token: Client) -> None:
    assert client_without_token.get(PATH).status_code == 401
    assert api_client(make_user("Integration"), "changes:read").get(PATH).status_code == 403
    assert api_client(make_user(), "customers:read").get(PATH).status_code == 403


def test_the_list_names_the_reports_that_one_may_ask_for(api_client: Any, make_user: Any, reader: Client) -> None:
    (one,) = [one for one in reader.get("/api/v1/reports").json()["results"] if one["name"] == "new-customers"]
    assert one["columns"][0] == {"name": "month", "title": "month", "kind": "month"}
    assert api_client(make_user(), "customers:read").get("/api/v1/reports").json() == {"results": []}
    assert api_client(make_user("Integration"), "changes:read").get("/api/v1/reports").json() == {"results": []}


def test_a_report_is_one_query_besides_who_asks(reader: Client, django_assert_num_queries: Any) -> None:
    added("2026-03-01", kind="person")
    reader.get(PATH, YEAR)
    with django_assert_num_queries(2):
        reader.get(PATH, YEAR)
