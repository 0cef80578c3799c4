import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.api.errors import ParameterError
from crm.api.pagination import Cursor, read_limit
from customers.models import Customer

ORDERING = ("-name", "created_at", "id")
CUSTOMERS = "/api/v1/customers"


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
    names=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=12),
    limit=st.integers(1, 5),
    ordering=st.sampled_from(["name", "-name", "name,-created_at", "-name,id", "-created_at"]),
)
def test_pages_put_together_are_the_list(
    api_client: Any, integration: Any, names: list[str], limit: int, ordering: str
) -> None:
    Customer.objects.all().delete()
    for name in names:
        Customer.objects.create(name=name)
    client = api_client(integration, "customers:read")
    whole = [row["id"] for row in client.get(CUSTOMERS, {"ordering": ordering}).json()["results"]]
    seen: list[str] = []
    url: str | None = f"{CUSTOMERS}?limit={limit}&ordering={ordering}"
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == whole
