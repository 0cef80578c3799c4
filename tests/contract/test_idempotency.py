"""A request with an Idempotency-Key takes effect once: every resource that the URL map has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import IdempotencyKey
from tests.samples import body_for, make

pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"


@pytest.fixture
def once() -> dict[str, str]:
    return {"Idempotency-Key": f'"{uuid4()}"'}


@pytest.mark.needs("create")
def test_a_record_is_created_once(client: Any, path: str, viewset: Any, model: Any, once: dict[str, str]) -> None:
    body = body_for(viewset.serializer_class)
    first, second = (client.post(path, body, headers=once) for _number in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert {name: second.headers[name] for name in ("Location", "ETag", "Content-Type")} == {
        name: first.headers[name] for name in ("Location", "ETag", "Content-Type")
    }
    assert (first.headers.get("Idempotency-Replayed"), second.headers["Idempotency-Replayed"]) == (None, "true")
    assert model.objects.filter(pk=first.json()["id"]).count() == 1


@pytest.mark.needs("partial_update", "destroy")
def test_a_change_and_a_deletion_are_answered_again(
    client: Any, path: str, model: Any, user: Any, once: dict[str, str]
) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    answers = [client.patch(address, {}, headers=once, content_type=MERGE_PATCH) for _number in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    deletion = {"Idempotency-Key": "delete-1"}
    assert [client.delete(address, headers=deletion).status_code for _number in range(2)] == [204, 204]
    assert client.delete(address).status_code == 404


@pytest.mark.needs("create")
def test_a_key_belongs_to_one_request(client: Any, path: str, viewset: Any, once: dict[str, str]) -> None:
    body = body_for(viewset.serializer_class)
    client.post(path, body, headers=once)
    answer = client.post(path, {**body, "custom": {}}, headers=once)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (422, "rule_broken")


@pytest.mark.needs("create")
def test_a_refusal_is_answered_again(client: Any, path: str, once: dict[str, str]) -> None:
    first, second = (client.post(path, {"no_such": 1}, headers=once) for _number in range(2))
    assert (first.status_code, second.status_code) == (400, 400)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Content-Type"] == "application/problem+json"


@pytest.mark.needs("create")
@pytest.mark.parametrize("key", ["", '""', "a b", "é", '"a', "a" * 256, 'a"b'])
def test_a_key_that_is_none_is_refused(client: Any, path: str, key: str) -> None:
    answer = client.post(path, {}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "Idempotency-Key")
    assert not IdempotencyKey.objects.exists()
