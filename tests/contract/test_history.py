"""Every record has a history, and a way back: every resource that the URL map has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.api.representation import SQLField
from crm.models import Change
from tests.samples import body_for, make

pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"


def actions(client: Any, address: str) -> list[str]:
    return [change["action"] for change in client.get(f"{address}/history").json()["results"]]


@pytest.mark.needs("create", "partial_update", "destroy")
def test_every_write_is_in_the_feed(client: Any, path: str, viewset: Any, model: Any) -> None:
    created = client.post(path, body_for(viewset.serializer_class)).json()
    address = f"{path}/{created['id']}"
    assert client.patch(address, {"owner": None}, content_type=MERGE_PATCH).status_code == 200
    assert client.delete(address).status_code == 204
    found = Change.objects.filter(record=created["id"]).order_by("sequence")
    assert [(one.model, one.action) for one in found] == [
        (model.label(), "created"),
        (model.label(), "updated"),
        (model.label(), "deleted"),
    ]
    assert (found[1].before, found[1].after) == ({"owner": created["owner"]}, {"owner": None})


@pytest.mark.needs("create")
def test_the_feed_keeps_values_as_the_api_shows_them(client: Any, path: str, viewset: Any, model: Any) -> None:
    derived = {field.name for field in model._meta.concrete_fields if field.generated}
    derived |= {name for name, field in viewset.serializer_class().fields.items() if isinstance(field, SQLField)}
    created = client.post(path, body_for(viewset.serializer_class)).json()
    after = Change.objects.get(record=created["id"], action="created").after or {}
    shown = {name: value for name, value in created.items() if name in after}
    assert shown == {name: after[name] for name in shown}
    assert created.keys() - after.keys() <= {"id", "updated_at", "external_references", *derived}


@pytest.mark.needs("partial_update", "destroy")
def test_a_history_begins_with_the_latest_change(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    client.patch(address, {"owner": None}, content_type=MERGE_PATCH)
    client.delete(address)
    assert actions(client, address) == ["deleted", "updated", "created"]
    page = client.get(f"{address}/history", {"limit": 2, "fields": "action"}).json()
    assert page["results"] == [{"action": "deleted"}, {"action": "updated"}]
    assert client.get(page["next"]).json()["results"] == [{"action": "created"}]


@pytest.mark.needs("destroy", "restore")
def test_a_history_out_of_sight_does_not_exist(outsider: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    address = f"{path}/{record.pk}"
    assert outsider.get(f"{address}/history").status_code == 404
    model.objects.filter(pk=record.pk).delete()
    assert outsider.get(f"{address}/history").status_code == 404
    assert outsider.post(f"{address}/restore").status_code in {403, 404}
    assert not model.objects.filter(pk=record.pk).exists()


@pytest.mark.needs("upsert", "destroy", "restore")
def test_a_deleted_record_comes_back_as_it_was(client: Any, path: str, viewset: Any) -> None:
    client.put(f"{path}/by-external-id/erp/A-1", body_for(viewset.serializer_class))
    before = client.get(f"{path}/by-external-id/erp/A-1").json()
    address = f"{path}/{before['id']}"
    client.delete(address)
    answer = client.post(f"{address}/restore")
    assert (answer.status_code, answer.headers["Location"]) == (201, f"http://testserver{address}")
    assert {**answer.json(), "updated_at": ""} == {**before, "updated_at": ""}
    assert client.post(f"{address}/restore").status_code == 409


@pytest.mark.needs("partial_update", "restore")
def test_a_field_gets_back_what_it_was(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    client.patch(address, {"owner": None, "team": None}, content_type=MERGE_PATCH)
    change = client.get(f"{address}/history").json()["results"][0]["id"]
    answer = client.post(f"{address}/restore", {"change": change, "only": ["owner"]})
    assert (answer.status_code, answer.json()["owner"]) == (200, str(user.pk))
    wrong = client.post(f"{address}/restore", {"change": change, "only": ["id"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/only")


@pytest.mark.needs("restore")
@pytest.mark.parametrize("body", [{}, {"change": "1-1"}, {"change": "9999999999999999999-9999999999999999999"}])
def test_there_is_nothing_to_restore_of_nothing(client: Any, path: str, body: dict[str, str]) -> None:
    assert client.post(f"{path}/{uuid4()}/restore", body).status_code == 404
    assert client.get(f"{path}/{uuid4()}/history").status_code == 404


@pytest.mark.needs("partial_update", "restore")
def test_what_is_restored_must_be_the_version_that_was_read(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    client.patch(address, {"owner": None}, content_type=MERGE_PATCH)
    change = client.get(f"{address}/history").json()["results"][0]["id"]
    answer = client.post(f"{address}/restore", {"change": change}, headers={"If-Match": '"1-x"'})
    assert answer.status_code == 412
    assert client.get(address).json()["owner"] is None
