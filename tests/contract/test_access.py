"""Who reaches a resource: every one that the URL map has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import models

from tests.resources import RESOURCES, scope_to_read, scopes_of
from tests.samples import body_for, make

pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"


@pytest.mark.parametrize("path", RESOURCES)
def test_nobody_reads_without_a_token(client_without_token: Any, path: str) -> None:
    answer = client_without_token.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", RESOURCES)
def test_a_token_without_the_scope_reads_nothing(api_client: Any, user: Any, path: str) -> None:
    answer = api_client(user, "openid").get(path)
    assert answer.status_code == 403
    assert f'scope="{scope_to_read(path)}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.needs("create")
def test_a_token_to_read_writes_nothing(api_client: Any, user: Any, viewset: Any, path: str, model: Any) -> None:
    answer = api_client(user, f"{viewset.scope}:read").post(path, body_for(viewset.serializer_class))
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("#insufficient_scope")


@pytest.mark.needs("update")
def test_what_one_may_not_see_does_not_exist(outsider: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    address = f"{path}/{record.pk}"
    assert outsider.get(path).json()["results"] == []
    assert outsider.get(address).status_code == 404
    assert outsider.put(address, {}).status_code == 404
    assert outsider.patch(address, {}, content_type=MERGE_PATCH).status_code == 404
    assert model.objects.filter(pk=record.pk).exists()


def test_the_id_of_nothing_is_404(client: Any, path: str) -> None:
    answer = client.get(f"{path}/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["status"] == 404


@pytest.mark.parametrize("path", RESOURCES)
def test_every_answer_carries_request_id_and_limits(api_client: Any, user: Any, path: str) -> None:
    answer = api_client(user, scope_to_read(path)).get(path, headers={"X-Request-ID": "abc-123"})
    assert answer.headers["X-Request-ID"] == "abc-123"
    assert answer.headers["RateLimit"]
    assert answer.headers["RateLimit-Policy"]


@pytest.mark.needs("create", "update", "destroy")
def test_the_auditor_changes_nothing(api_client: Any, make_user: Any, viewset: Any, path: str, model: Any) -> None:
    record = make(model)
    auditor = api_client(make_user("Auditor"), *scopes_of(viewset))
    assert auditor.get(f"{path}/{record.pk}").status_code == 200
    assert auditor.post(path, {}).status_code == 403
    assert auditor.put(f"{path}/{record.pk}", {}).status_code == 403
    assert auditor.delete(f"{path}/{record.pk}").status_code == 403


def test_every_kind_of_record_inherits_the_house_rules(model: Any) -> None:
    assert model._meta.default_permissions == ("add", "change", "delete", "view_own", "view_team", "view_all")
    indexed = [index.fields for index in model._meta.indexes]
    assert ["created_at", "id"] in indexed
    assert ["updated_at", "id"] in indexed
    assert not any(isinstance(field, models.ManyToManyField) for field in model._meta.get_fields())


def test_what_a_resource_withholds_is_405(client: Any, path: str, viewset: Any, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    calls = {"update": client.put, "partial_update": client.patch, "destroy": client.delete}
    withheld = calls.keys() & viewset.withheld
    assert {calls[name](address).status_code for name in withheld} <= {405}
    assert model.objects.count() == 1
