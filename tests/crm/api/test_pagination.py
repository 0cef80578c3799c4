import base64
import datetime
import itertools
import operator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.api.errors import ParameterError
from crm.api.pagination import Cursor, read_limit
from customers.models import Customer

ORDERING = ("-name", "created_at", "id")
CUSTOMERS = "/api/v1/customers"
KEY = "00000000-0000-7000-8000-000000000000"
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


@pytest.mark.parametrize(
    "text", ["0", "201", "-1", "1.5", "", "ten", "9" * 50, "1" * 5000, "１０", "²", "0001", " 1", "+1", "1_0"]
)
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


@pytest.mark.parametrize(
    "content",
    [
        ["-id", [KEY], False],
        ["id,name", [KEY], False],
        ["id", [KEY, KEY], False],
        ["id", [], False],
        ["id", [None], False],
        ["id", None, False],
        ["id", ["x"], False],
        ["id", [KEY], 1],
        ["id", [KEY], None],
        ["id", [KEY], "true"],
        ["id", [KEY]],
        [["id"], [KEY], False],
        {"id": KEY},
        "id",
    ],
)
def test_what_only_looks_like_a_cursor_is_refused(content: Any) -> None:
    text = base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")
    with pytest.raises(ParameterError) as refusal:
        Cursor.decode(text, ("id",), Customer)
    assert refusal.value.get_codes() == {"cursor": ["unknown_cursor"]}


@pytest.mark.parametrize("change", ["{}=", "={}", "{}\n", "{} ", "{}.", "{}é", "A{}", "{}" + "A" * 2000])
def test_a_cursor_is_taken_only_as_it_was_given(change: str) -> None:
    text = Cursor(("id",), (KEY,)).encode()
    with pytest.raises(ParameterError):
        Cursor.decode(change.format(text), ("id",), Customer)


@pytest.mark.parametrize(("text", "limit"), [(None, 50), ("1", 1), ("2", 2), ("199", 199), ("200", 200), ("007", 7)])
def test_a_limit_is_what_it_says_and_50_where_nothing_is_said(text: str | None, limit: int) -> None:
    assert read_limit(text) == limit


def test_who_goes_back_can_go_ahead_again(api_client: Any, integration: Any, twenty: list[Customer]) -> None:
    client = api_client(integration, "customers:read")
    first = client.get(CUSTOMERS, {"limit": 8}).json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert [len(page["results"]) for page in (first, second, third)] == [8, 8, 4]
    assert (first["previous"], third["next"]) == (None, None)
    back = client.get(third["previous"]).json()
    start = client.get(back["previous"]).json()
    assert [back["results"], start["results"]] == [second["results"], first["results"]]
    assert start["previous"] is None
    assert client.get(start["next"]).json()["results"] == second["results"]
    assert client.get(back["next"]).json()["results"] == third["results"]


def test_an_empty_list_has_no_neighbours(api_client: Any, integration: Any) -> None:
    answer = api_client(integration, "customers:read").get(CUSTOMERS)
    assert answer.json() == {"next": None, "previous": None, "results": []}
    assert "Link" not in answer.headers


def test_the_header_link_names_the_neighbours_that_there_are(
    api_client: Any, integration: Any, twenty: list[Customer]
) -> None:
    client, url, links = api_client(integration, "customers:read"), f"{CUSTOMERS}?limit=8", list[str]()
    while url:
        answer = client.get(url)
        url, previous = answer.json()["next"], answer.json()["previous"]
        named = [f'<{one}>; rel="{name}"' for name, one in (("next", url), ("prev", previous)) if one]
        assert answer.headers["Link"] == ", ".join(named)
        links.append("".join(name for name in ("next", "prev") if name in answer.headers["Link"]))
    assert links == ["next", "nextprev", "prev"]


def test_one_list_is_asked_with_one_filter_and_then_with_another(
    api_client: Any, integration: Any, twenty: list[Customer]
) -> None:
    client = api_client(integration, "customers:read")
    for name, count in (("a", 10), ("b", 10), ("c", 0)):
        rows = client.get(CUSTOMERS, {"name": name}).json()["results"]
        assert [row["name"] for row in rows] == [name] * count


@pytest.mark.parametrize(("name", "count"), [("a", 10), ("b", 0)])
def test_what_is_counted_is_what_the_caller_may_see(
    api_client: Any, make_user: Any, twenty: list[Customer], name: str, count: int
) -> None:
    seller = make_user("Sales representative")
    Customer.objects.filter(name="a").update(owner=seller)
    client = api_client(seller, "customers:read")
    for how in ({"count": "exact"}, {"count": "exact", "limit": 1}):
        assert client.get(CUSTOMERS, {"name": name, **how}).json()["count"] == count
    estimated = client.get(CUSTOMERS, {"count": "estimated"}).json()["count"]
    assert isinstance(estimated, int)
    assert estimated > 0


@pytest.mark.parametrize("how", ["", "Exact", "true", "1"])
def test_another_way_of_counting_is_refused(api_client: Any, integration: Any, how: str) -> None:
    answer = api_client(integration, "customers:read").get(CUSTOMERS, {"count": how})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "count")
