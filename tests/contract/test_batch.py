"""Many operations in one request: every resource that the URL map has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.resources import scopes_of
from tests.samples import body_for, make
from tests.staff import permitted

pytestmark = [pytest.mark.django_db, pytest.mark.needs("update", "create", "upsert", "destroy", "batch")]


def batch(client: Any, path: str, *items: dict[str, Any], atomic: bool = False) -> Any:
    return client.post(f"{path}/batch", {"atomic": atomic, "items": list(items)})


def statuses(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [one["status"] for one in answer.json()["results"]]


def create(viewset: Any) -> dict[str, Any]:
    return {"operation": "create", "data": body_for(viewset.serializer_class)}


def test_each_item_is_answered_in_order(client: Any, path: str, viewset: Any, model: Any, user: Any) -> None:
    changed, deleted = make(model, owner=user), make(model, owner=user)
    answer = batch(
        client,
        path,
        create(viewset),
        {"operation": "update", "id": str(changed.pk), "data": {"owner": None}},
        {"operation": "delete", "id": str(deleted.pk)},
        {"operation": "delete", "id": str(uuid4())},
        {"operation": "update", "id": str(changed.pk), "data": {"no_such": 1}},
    )
    assert statuses(answer) == [201, 200, 204, 404, 400]
    assert client.get(f"{path}/{changed.pk}").json()["owner"] is None
    assert answer.json()["results"][4]["problem"]["errors"][0]["pointer"] == "/no_such"
    assert not model.objects.filter(pk=deleted.pk).exists()


def test_what_a_batch_creates_is_what_a_single_request_creates(client: Any, path: str, viewset: Any) -> None:
    item = create(viewset)
    single = client.post(path, item["data"]).json()
    client.delete(f"{path}/{single['id']}")
    (result,) = batch(client, path, item).json()["results"]
    many = client.get(f"{path}/{result['record']}").json()
    own = {"id", "created_at", "updated_at", "occurred_at", "stage_since", "opened_at", "status_since", "number"}
    assert {name: many[name] for name in many.keys() - own} == {name: single[name] for name in single.keys() - own}


def test_an_upsert_creates_once_and_then_changes(client: Any, path: str, viewset: Any) -> None:
    item = {"operation": "upsert", "system": "erp", "external_id": "A-1", "data": body_for(viewset.serializer_class)}
    first = batch(client, path, item).json()["results"][0]
    second = batch(client, path, {**item, "data": {"owner": None}}, {**item, "data": {}})
    assert statuses(second) == [200, 200]
    found = client.get(f"{path}/by-external-id/erp/A-1").json()
    assert (first["status"], found["id"], found["owner"]) == (201, first["record"], None)


def test_a_record_may_be_made_changed_and_deleted_in_one_batch(
    client: Any, path: str, viewset: Any, model: Any
) -> None:
    name = {"operation": "upsert", "system": "erp", "external_id": "A-1"}
    before = model.objects.count()
    made = {**name, "data": body_for(viewset.serializer_class)}
    answer = batch(client, path, made, {**name, "data": {"owner": None}})
    assert statuses(answer) == [201, 200]
    key = answer.json()["results"][0]["record"]
    assert {one["record"] for one in answer.json()["results"]} == {key}
    assert statuses(batch(client, path, {"operation": "delete", "id": key}, {"operation": "delete", "id": key})) == [
        204,
        404,
    ]
    assert model.objects.count() == before


def test_one_refusal_refuses_an_atomic_batch(client: Any, path: str, viewset: Any, model: Any) -> None:
    items: list[dict[str, Any]] = [
        create(viewset),
        {"operation": "delete", "id": str(uuid4())},
        {"operation": "create"},
    ]
    before = model.objects.count()
    answer = batch(client, path, *items, atomic=True)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/items/1", "/items/2/data"]
    assert model.objects.count() == before
    assert statuses(batch(client, path, *items)) == [201, 404, 400]


def test_a_version_that_is_gone_is_not_changed(client: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    item = {"operation": "update", "id": str(record.pk), "data": {"owner": None}}
    tag = client.get(f"{path}/{record.pk}").headers["ETag"]
    assert statuses(batch(client, path, {**item, "if_match": '"1-x"'}, {**item, "if_match": tag})) == [412, 200]


@pytest.mark.parametrize("operation", ["delete", "upsert"])
def test_a_version_that_is_gone_is_neither_deleted_nor_upserted(
    client: Any, path: str, viewset: Any, model: Any, operation: str
) -> None:
    name = {"system": "erp", "external_id": "A-1"}
    made = {"operation": "upsert", **name, "data": body_for(viewset.serializer_class)}
    key = batch(client, path, made).json()["results"][0]["record"]
    known = client.get(f"{path}/{key}")
    item = {"operation": operation, **({"id": key} if operation == "delete" else {**name, "data": {"owner": None}})}
    for stale in ('"1-x"', '"1-"', '"0"'):
        assert statuses(batch(client, path, {**item, "if_match": stale})) == [412]
        assert client.get(f"{path}/{key}").headers["ETag"] == known.headers["ETag"]
    done = 204 if operation == "delete" else 200
    assert statuses(batch(client, path, {**item, "if_match": known.headers["ETag"]})) == [done]
    assert model.objects.filter(pk=key).exists() == (operation == "upsert")


@pytest.mark.parametrize("if_match", ["*", None])
def test_any_version_is_deleted_where_none_is_named(
    client: Any, path: str, model: Any, user: Any, if_match: str | None
) -> None:
    record = make(model, owner=user)
    item = {"operation": "delete", "id": str(record.pk)} | ({"if_match": if_match} if if_match else {})
    assert statuses(batch(client, path, item)) == [204]
    assert not model.objects.filter(pk=record.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_the_version_of_a_result_can_be_changed(client: Any, path: str, viewset: Any) -> None:
    (result,) = batch(client, path, create(viewset)).json()["results"]
    item = {"operation": "update", "id": result["record"], "data": {"owner": None}, "if_match": result["etag"]}
    assert statuses(batch(client, path, item)) == [200]
    assert statuses(batch(client, path, item)) == [412]


def test_two_hundred_items_take_as_many_statements_as_two(client: Any, path: str, viewset: Any) -> None:
    def count(number: int, system: str) -> int:
        bodies = [body_for(viewset.serializer_class) for _place in range(number)]
        items = [
            {"operation": "upsert", "system": system, "external_id": str(place), "data": body}
            for place, body in enumerate(bodies)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert set(statuses(batch(client, path, *items))) == {201}
        return len(queries)

    assert count(2, "warm") > 0
    assert count(200, "many") == count(2, "few")


def test_what_one_may_not_see_is_not_changed(outsider: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    item = {"operation": "update", "id": str(record.pk), "data": {"owner": None}}
    assert statuses(batch(outsider, path, item)) == [404]
    assert model.objects.get(pk=record.pk).owner == user


def test_each_operation_needs_its_own_permission(
    api_client: Any, make_user: Any, path: str, viewset: Any, model: Any, user: Any
) -> None:
    record = make(model, owner=user)
    agent = api_client(permitted(make_user(), "view_all", "change"), *scopes_of(viewset))
    update: dict[str, Any] = {"operation": "update", "id": str(record.pk), "data": {}}
    delete = {"operation": "delete", "id": str(record.pk)}
    assert statuses(batch(agent, path, update, delete)) == [200, 403]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"items": []},
        {"items": {}},
        {"items": [{"operation": "create", "data": {}}] * 1001},
        {"items": [{"operation": "create"}], "atomic": "yes"},
        {"items": [{"operation": "create"}], "more": 1},
    ],
)
def test_a_body_that_is_no_batch_is_refused(client: Any, path: str, body: Any) -> None:
    assert client.post(f"{path}/batch", body).status_code == 400


@pytest.mark.parametrize(
    "item",
    [
        None,
        {},
        {"operation": "dance"},
        {"operation": "create", "data": []},
        {"operation": "create", "data": {}, "more": 1},
        {"operation": "update", "id": "x", "data": {}},
        {"operation": "update", "id": 1, "data": {}},
        {"operation": "delete", "id": str(uuid4()), "if_match": "x"},
        {"operation": "upsert", "system": "erp", "external_id": "a\0b", "data": {}},
        {"operation": "upsert", "system": "erp", "external_id": "", "data": {}},
        {"operation": "upsert", "system": "e" * 51, "external_id": "1", "data": {}},
    ],
)
def test_an_item_of_another_form_refuses_the_whole_request(
    client: Any, path: str, viewset: Any, model: Any, item: Any
) -> None:
    new, before = create(viewset), model.objects.count()
    answer = batch(client, path, new, item)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/items/1")
    assert model.objects.count() == before


@pytest.mark.parametrize(
    "item",
    [
        {"operation": "create"},
        {"operation": "create", "data": {}, "id": str(uuid4())},
        {"operation": "update", "data": {}},
        {"operation": "upsert", "data": {}},
        {"operation": "upsert", "system": "erp", "data": {}},
        {"operation": "upsert", "key": "no_such", "data": {}},
    ],
)
def test_an_item_that_makes_no_sense_is_refused_alone(client: Any, path: str, viewset: Any, item: Any) -> None:
    assert statuses(batch(client, path, item, create(viewset))) == [400, 201]
