import datetime
import itertools
import operator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.api.errors import ParameterError
from crm.api.pagination import Cursor, read_limit
from customers.models import Customer

ORDERING = ("-name", "created_at", "id")
CUSTOMERS = "/api/v1/customers"
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@given(st.text(), st.datetimes(timezones=st.just(datetime.UTC)), st.uuids(), st.booleans())
def test_a_cursor_says_where_it_was(name: str, moment: Any, key: Any, is_reverse: bool) -> None:  # noqa: FBT001
    name = name.encode("utf-8", "ignore").decode()
    cursor = Cursor(ORDERING, (name, moment, key), is_reverse)
    assert Cursor.decode(cursor.encode(), ORDERING, Customer) == cursor


@given(st.text(max_size=200))
def test_a_cursor_made_up_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        Cursor.decode(text, ORDERING, Customer)


def test_a_cursor_of_another_ordering_is_refused() -> None:
    cursor = Cursor(("id",), ("00000000-0000-7000-8000-000000000000",))
    with pytest.raises(ParameterError):
        Cursor.decode(cursor.encode(), ORDERING, Customer)


@pytest.mark.parametrize("text", ["0", "201", "-1", "1.5", "", "ten", "9" * 50, "１０"])
def test_a_limit_is_a_whole_number_from_1_to_200(text: str) -> None:
    with pytest.raises(ParameterError):
        read_limit(text)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    ordering=st.sampled_from(["name", "-name", "name,-created_at", "-name,created_at", "-name,id", "-created_at"]),
)
def test_pages_put_together_are_the_list(
    api_client: Any, integration: Any, rows: list[tuple[str, int]], limit: int, ordering: str
) -> None:
    Customer.objects.all().delete()
    for name, minutes in rows:  # ids do not follow the times
        Customer.objects.create(name=name, created_at=BEGAN + datetime.timedelta(minutes=minutes))
    client = api_client(integration, "customers:read")
    whole = [row["id"] for row in client.get(CUSTOMERS, {"ordering": ordering}).json()["results"]]
    seen: list[str] = []
    url: str | None = f"{CUSTOMERS}?limit={limit}&ordering={ordering}"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == whole


@pytest.fixture
def twenty(db: None) -> list[Customer]:
    """Make customers of two names and of times that run against their ids, some of them the same."""
    return [
        Customer.objects.create(name="ab"[number % 2], created_at=BEGAN - datetime.timedelta(minutes=number // 4))
        for number in range(20)
    ]


def pages(client: Any, ordering: str, limit: int) -> tuple[list[str], list[str]]:
    """Return the ids of a list read page by page, forwards and then back again."""
    url, last, ahead, back = f"{CUSTOMERS}?limit={limit}&ordering={ordering}", "", list[str](), list[str]()
    while url:
        page, last = client.get(url).json(), url
        ahead += [row["id"] for row in page["results"]]
        url = page["next"]
    while last:
        page = client.get(last).json()
        back = [row["id"] for row in page["results"]] + back
        last = page["previous"]
    return ahead, back


@pytest.mark.parametrize("limit", [1, 3, 7])
@pytest.mark.parametrize("signs", [*itertools.product(("", "-"), repeat=3)], ids="".join)
def test_each_key_of_an_ordering_counts(
    api_client: Any, integration: Any, twenty: list[Customer], signs: tuple[str, ...], limit: int
) -> None:
    expected = list(twenty)
    for sign, name in reversed([*zip(signs, ("name", "created_at", "id"), strict=True)]):
        expected.sort(key=operator.attrgetter(name), reverse=sign == "-")
    ordering = ",".join(f"{sign}{name}" for sign, name in zip(signs, ("name", "created_at", "id"), strict=True))
    ids = [str(one.pk) for one in expected]
    assert pages(api_client(integration, "customers:read"), ordering, limit) == (ids, ids)
