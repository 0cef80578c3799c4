"""An id that was merged, wherever a client may still name it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.merging.actions import merge_records
from crm.models import Merge, Task
from customers.models import Address, Customer, Interaction
from tests.samples import make

pytestmark = pytest.mark.django_db
SCOPES = ("customers:read", "customers:write", "tasks:read", "tasks:write")


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, *SCOPES)


@pytest.fixture
def merged(integration: Any) -> tuple[Customer, str]:
    """A firm, and the id of one that became part of one that became part of it."""
    last, middle, first = (make(Customer, kind="organization", name=name) for name in ("Last", "Middle", "First"))
    key = str(first.pk)
    merge_records(winner=middle, loser=first, by=integration)
    merge_records(winner=last, loser=middle, by=integration)
    return last, key


def batch(client: Any, *items: dict[str, Any], path: str = "customers") -> list[dict[str, Any]]:
    answer = client.post(f"/api/v1/{path}/batch", {"items": list(items)})
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def test_a_batch_refuses_as_single_requests_do(client: Any, merged: Any) -> None:
    last, key = merged
    single = [client.patch(f"/api/v1/customers/{key}", {"name": "x"}), client.delete(f"/api/v1/customers/{key}")]
    update = {"operation": "update", "id": key, "data": {"name": "x"}}
    many = batch(client, update, {"operation": "delete", "id": key})
    assert [one.status_code for one in single] == [one["status"] for one in many] == [409, 409]
    assert [one.json()["errors"] for one in single] == [one["problem"]["errors"] for one in many]
    assert many[0]["problem"]["errors"][0]["id"] == str(last.pk)
    assert Customer.objects.get().name == "Last"


def test_what_remains_for_others_only_does_not_exist(
    api_client: Any, make_user: Any, make_team: Any, merged: Any
) -> None:
    last, key = merged
    Customer.objects.filter(pk=last.pk).update(team=make_team("South"))
    client = api_client(make_user("Sales representative", team=make_team("North")), *SCOPES)
    assert [one["status"] for one in batch(client, {"operation": "update", "id": key, "data": {}})] == [404]
    body = {"name": "Ada", "organization": key}
    assert client.post("/api/v1/customers", body).status_code == 422
    assert [one["status"] for one in batch(client, {"operation": "create", "data": body})] == [422]
    assert Customer.objects.count() == 1


def test_a_body_that_names_a_merged_id_means_what_remains(client: Any, merged: Any) -> None:
    last, key = merged
    body = {"name": "Ada", "organization": key}
    single = client.post("/api/v1/customers", body)
    assert (single.status_code, single.json()["organization"]) == (201, str(last.pk))
    assert [one["status"] for one in batch(client, {"operation": "create", "data": body})] == [201]
    assert set(Customer.objects.filter(name="Ada").values_list("organization", flat=True)) == {last.pk}


def test_so_does_one_that_is_about_a_merged_id(client: Any, merged: Any) -> None:
    last, key = merged
    body = {"title": "Call", "about_type": "customers.customer", "about_id": key}
    single = client.post("/api/v1/tasks", body)
    assert (single.status_code, single.json()["about_id"]) == (201, str(last.pk))
    assert [one["status"] for one in batch(client, {"operation": "create", "data": body}, path="tasks")] == [201]
    assert list(Task.objects.values_list("about_id", "customer")) == [(last.pk, last.pk)] * 2


@pytest.mark.parametrize(("model", "path"), [(Address, "/api/v1/addresses"), (Interaction, "/api/v1/interactions")])
def test_a_filter_by_a_merged_id_keeps_what_belongs_to_what_remains(
    client: Any, merged: Any, model: Any, path: str
) -> None:
    last, key = merged
    own, _other = make(model, customer=last), make(model, customer=make(Customer))
    answer = client.get(path, {"customer": key})
    assert [one["id"] for one in answer.json()["results"]] == [str(own.pk)]
    assert client.get(path, {"customer": str(uuid4())}).json()["results"] == []


def test_a_filter_by_what_a_record_is_about_follows_too(client: Any, merged: Any) -> None:
    last, key = merged
    task = make(Task, about_type="customers.customer", about_id=last.pk)
    make(Task)
    assert [one["id"] for one in client.get("/api/v1/tasks", {"about_id": key}).json()["results"]] == [str(task.pk)]


def test_many_merged_ids_cost_no_more_statements_than_one(client: Any, merged: Any) -> None:
    item = {"operation": "create", "data": {"name": "Ada", "organization": merged[1]}}
    counts = []
    for number in (1, 20):
        with CaptureQueriesContext(connection) as queries:
            batch(client, *[item] * number)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_where_a_merge_was_undone_the_id_is_its_own_again(client: Any, merged: Any) -> None:
    last, key = merged
    assert Merge.objects.successor(Customer, last.pk) is None
    middle = Merge.objects.get(winner=last.pk).loser
    assert client.post(f"/api/v1/customers/{middle}/unmerge").status_code == 200
    assert client.post("/api/v1/customers", {"name": "Ada", "organization": key}).json()["organization"] == str(middle)
