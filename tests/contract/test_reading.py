"""What lists and records look like: every resource that the URL map has."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.api.parsers import XMLParser
from crm.api.permissions import SCOPES
from crm.api.representation import expandable_fields
from tests.resources import RESOURCES, scope_to_read
from tests.samples import make

SAMPLES = {
    "StrictBooleanFilter": "true",
    "StrictDateTimeFilter": "2026-01-01T00:00:00Z",
    "DateFilter": "2026-01-01",
    "StrictIntegerFilter": "1",
    "StrictDecimalFilter": "1.5",
}
pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"


@pytest.mark.parametrize("path", RESOURCES)
def test_an_unknown_parameter_is_refused(api_client: Any, user: Any, path: str) -> None:
    answer = api_client(user, scope_to_read(path)).get(path, {"no_such": "1"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "no_such", "code": "unknown", "detail": "Unknown parameter."}]


def test_thirty_rows_take_as_many_queries_as_one(client: Any, path: str, model: Any, user: Any) -> None:
    make(model, owner=user)
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for _number in range(29):
        make(model, owner=user)
    with CaptureQueriesContext(connection) as thirty:
        assert len(client.get(path).json()["results"]) == 30
    assert len(one) == len(thirty) <= 3


def test_expanding_everything_takes_no_more_queries(
    client: Any, path: str, viewset: Any, model: Any, user: Any
) -> None:
    record = make(model, owner=user)
    targets = expandable_fields(viewset.serializer_class)
    names = [name for name, target in targets.items() if SCOPES[target.Meta.model] == viewset.scope]  # type: ignore[attr-defined]
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"{path}/{record.pk}", {"expand": ",".join(names)} if names else {})
    assert answer.status_code == 200
    assert len(queries) <= 3


@pytest.mark.needs("destroy")
def test_pages_stay_whole_while_rows_come_and_go(client: Any, path: str, model: Any, user: Any) -> None:
    expected = [str(make(model, owner=user).pk) for _number in range(7)]
    seen: list[str] = []
    answer = client.get(path, {"limit": 3, "fields": "id"}).json()
    while answer["next"]:
        seen += [item["id"] for item in answer["results"]]
        make(model, owner=user)
        model.objects.filter(pk=seen[0]).delete()
        answer = client.get(answer["next"]).json()
        if len(seen) >= 7:
            break
    seen += [item["id"] for item in answer["results"]]
    assert seen[:7] == expected
    assert len(set(seen)) == len(seen)


def test_the_way_back_shows_the_same_page(client: Any, path: str, model: Any, user: Any) -> None:
    for _number in range(5):
        make(model, owner=user)
    first = client.get(path, {"limit": 2}).json()
    second = client.get(first["next"]).json()
    back = client.get(second["previous"]).json()
    assert back["results"] == first["results"]
    assert back["previous"] is None


def test_every_ordering_reads_each_row_once(client: Any, path: str, viewset: Any, model: Any, user: Any) -> None:
    expected = {str(make(model, owner=user).pk) for _number in range(5)}
    for name in viewset().orderings():
        for ordering in (name, f"-{name}", f"{name},-id"):
            seen: list[str] = []
            url: str | None = f"{path}?limit=2&ordering={ordering}"
            while url:
                answer = client.get(url).json()
                seen += [item["id"] for item in answer["results"]]
                url = answer["next"]
            assert sorted(seen) == sorted(expected), ordering


def test_every_ordering_has_an_index_and_no_null(viewset: Any, model: Any) -> None:
    indexed = {tuple(name.lstrip("-") for name in index.fields) for index in model._meta.indexes}
    for name in viewset().orderings():
        assert (name, "id") in indexed
        assert not model._meta.get_field(name).null


def test_every_filter_takes_a_value_and_refuses_nonsense(client: Any, path: str, viewset: Any, user: Any) -> None:
    for name, item in viewset.filterset_class.base_filters.items():
        value = SAMPLES.get(type(item).__name__, str(uuid4()))
        field = viewset.queryset.model._meta.get_field(item.field_name)
        value = field.choices[0][0] if field.choices else value
        answer = client.get(path, {name: value})
        assert answer.status_code == 200, (name, answer.content)
        assert client.get(path, {name: "a\0b"}).status_code == 400, name


def test_xml_says_what_json_says(client: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    plain = client.get(f"{path}/{record.pk}").json()
    answer = client.get(f"{path}/{record.pk}", headers={"Accept": "application/xml"})
    assert answer.headers["Content-Type"] == "application/xml"
    assert XMLParser().parse(io.BytesIO(answer.content)) == plain


def test_a_page_as_csv_has_one_line_a_record(client: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    answer = client.get(path, {"format": "csv", "fields": "id"})
    assert answer.content.decode() == f"id\r\n{record.pk}\r\n"


def test_a_copy_that_is_still_good_is_304(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    tag = client.get(address).headers["ETag"]
    answer = client.get(address, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.get(address, headers={"If-None-Match": tag, "Accept": "application/xml"}).status_code == 200


def test_only_the_fields_asked_for_are_answered(client: Any, path: str, model: Any, user: Any) -> None:
    make(model, owner=user)
    (row,) = client.get(path, {"fields": "id,created_at"}).json()["results"]
    assert sorted(row) == ["created_at", "id"]


def test_a_count_is_given_when_asked_for(client: Any, path: str, model: Any, user: Any) -> None:
    for _number in range(3):
        make(model, owner=user)
    assert "count" not in client.get(path).json()
    assert client.get(path, {"count": "exact", "limit": 1}).json()["count"] == 3
    assert isinstance(client.get(path, {"count": "estimated"}).json()["count"], int)
