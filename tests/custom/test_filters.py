"""Lists filtered and ordered by custom fields."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.custom.fields import CUSTOMERS, MERGE_PATCH, add, faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(create: Any) -> None:
    """Make customers of each size, one of them without any value."""
    add("staff", "number", is_indexed=True)
    add("since", "date")
    add("tags", "choices", choices=["a", "b", "c"])
    add("vip", "boolean")
    for name, values in {
        "None": {},
        "Nine": {"staff": 9, "since": "2020-01-01", "tags": ["a"], "vip": True},
        "Ten": {"staff": 10, "since": "2021-01-01", "tags": ["a", "b"], "vip": False},
        "Hundred": {"staff": 100.5, "since": "2022-01-01", "tags": ["c"]},
    }.items():
        assert create(name, **values).status_code == 201


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("parameter", "value", "names"),
    [
        ("staff", "10", ["Ten"]),
        ("staff__gt", "9", ["Ten", "Hundred"]),
        ("staff__gte", "9", ["Nine", "Ten", "Hundred"]),
        ("staff__lt", "10", ["Nine"]),
        ("staff__lte", "10", ["Nine", "Ten"]),
        ("staff__in", "9,100.5", ["Nine", "Hundred"]),
        ("staff__isnull", "true", ["None"]),
        ("staff__isnull", "false", ["Nine", "Ten", "Hundred"]),
        ("since__gte", "2021-01-01", ["Ten", "Hundred"]),
        ("tags", "a", ["Nine", "Ten"]),
        ("tags", "b,a", ["Ten"]),
        ("tags__in", "b,c", ["Ten", "Hundred"]),
        ("vip", "false", ["Ten"]),
    ],
)
def test_a_filter_keeps_what_it_says(found: Any, parameter: str, value: str, names: list[str]) -> None:
    assert found(**{f"custom.{parameter}": value, "ordering": "created_at"}) == names


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("nothing", "1", "unknown"),
        ("vip__gt", "true", "unknown"),
        ("tags__lt", "a", "unknown"),
        ("staff__contains", "1", "unknown"),
        ("staff", "nan", "invalid"),
        ("staff__in", "1,many", "invalid"),
        ("staff__isnull", "yes", "invalid"),
        ("tags", "[]", "invalid"),
        ("tags", "z", "invalid"),
        ("since", "soon", "invalid"),
    ],
)
def test_what_a_filter_cannot_mean_is_refused(client: Any, parameter: str, value: str, code: str) -> None:
    answer = client.get(CUSTOMERS, {f"custom.{parameter}": value})
    assert (answer.status_code, faults(answer)) == (400, [(f"custom.{parameter}", code)])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("ordering", "names"),
    [
        ("custom.staff", ["None", "Nine", "Ten", "Hundred"]),
        ("-custom.staff", ["Hundred", "Ten", "Nine", "None"]),
    ],
)
@pytest.mark.parametrize("filters", [{}, {"search": "n"}])
def test_pages_in_the_order_of_a_field_have_every_record_once(
    client: Any, ordering: str, names: list[str], filters: Any
) -> None:
    page = client.get(CUSTOMERS, {"ordering": ordering, "limit": 1, **filters}).json()
    found = [row["name"] for row in page["results"]]
    while page["next"]:
        page = client.get(page["next"]).json()
        found += [row["name"] for row in page["results"]]
    assert found == names
    back = client.get(page["previous"]).json()
    assert [row["name"] for row in back["results"]] == [names[-2]]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("ordering", ["custom.since", "custom.tags", "custom.nothing", "custom.staff,-name"])
def test_what_has_no_index_orders_no_list(client: Any, ordering: str) -> None:
    assert client.get(CUSTOMERS, {"ordering": ordering}).status_code == 400


@pytest.mark.usefixtures("rows")
def test_a_forged_cursor_is_refused(client: Any) -> None:
    import base64

    import orjson

    key = "019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10"
    for value in ("[1]", "x", None, 5):
        content = orjson.dumps(["custom_value_staff,id", [value, key], False])
        cursor = base64.urlsafe_b64encode(content).decode().rstrip("=")
        assert client.get(CUSTOMERS, {"ordering": "custom.staff", "cursor": cursor}).status_code == 422


@pytest.mark.usefixtures("rows")
def test_definitions_are_asked_for_once_and_again_after_a_change(client: Any, create: Any) -> None:
    client.get(CUSTOMERS, {"custom.staff": "9"})
    client.post(CUSTOMERS, {"name": "First"})
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(CUSTOMERS, {"custom.staff": "9", "ordering": "custom.staff"})
        client.post(CUSTOMERS, {"name": "Second", "custom": {"staff": 1}})
    assert [one["sql"] for one in queries if 'FROM "crm_customfield"' in one["sql"]] == []
    add("later")
    assert create("Third", later="yes").status_code == 201


@pytest.mark.usefixtures("rows")
def test_a_filtered_list_costs_two_statements(client: Any) -> None:
    client.get(CUSTOMERS, {"custom.staff": "9"})
    with CaptureQueriesContext(connection) as queries:
        client.get(CUSTOMERS, {"custom.staff": "10"})
    assert len(queries) == 2


def test_a_field_of_another_kind_of_record_is_unknown(client: Any, create: Any) -> None:
    add("staff", "number")
    assert client.get("/api/v1/addresses", {"custom.staff": "1"}).status_code == 400
    made = create(staff=3).json()
    assert client.patch(f"{CUSTOMERS}/{made['id']}", {"custom": None}, content_type=MERGE_PATCH).json()["custom"] == {}


@pytest.mark.parametrize("kind", ["choice", "choices"])
def test_what_may_no_longer_be_chosen_is_found_while_records_have_it(
    client: Any, create: Any, found: Any, kind: str
) -> None:
    field = add("colour", kind, choices=["red", "blue", "dark, matt"])
    for name, colour in (("Red", "red"), ("Blue", "blue"), ("Dark", "dark, matt")):
        assert create(name, colour=colour if kind == "choice" else [colour]).status_code == 201
    field.choices = ["blue"]
    field.save()
    assert found(**{"custom.colour": "red"}) == ["Red"]
    assert found(**{"custom.colour": "dark, matt"}) == ["Dark"]
    assert found(**{"custom.colour__in": "red,blue", "ordering": "name"}) == ["Blue", "Red"]
    refused = client.get(CUSTOMERS, {"custom.colour": "green"})
    assert (refused.status_code, faults(refused)) == (400, [("custom.colour", "invalid")])


def test_a_retired_choice_of_a_record_out_of_sight_is_as_unknown_as_any(
    api_client: Any, make_user: Any, create: Any
) -> None:
    field = add("colour", "choice", choices=["red", "blue"])
    create("Red", colour="red")
    field.choices = ["blue"]
    field.save()
    reader = api_client(make_user("Sales representative"), "customers:read")
    assert reader.get(CUSTOMERS, {"custom.colour": "red"}).status_code == 400
