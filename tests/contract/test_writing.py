"""How records are made, changed and deleted: every resource that the URL map has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import CharField
from rest_framework.serializers import ChoiceField

from crm.api.characters import refuse_line_breaks
from tests.samples import body_for, make

pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"


@pytest.mark.needs("create")
def test_an_unknown_field_is_refused_and_nothing_written(client: Any, path: str, viewset: Any, model: Any) -> None:
    body = body_for(viewset.serializer_class)
    before = model.objects.count()
    answer = client.post(path, {**body, "no_such": 1})
    assert answer.status_code == 400
    assert [item["pointer"] for item in answer.json()["errors"]] == ["/no_such"]
    assert model.objects.count() == before


@pytest.mark.needs("update")
def test_what_is_read_as_xml_can_be_sent_back(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    before = client.get(address).json()
    text = client.get(address, headers={"Accept": "application/xml"}).content
    answer = client.put(address, text, content_type="application/xml")
    assert answer.status_code == 200, answer.content
    assert {**answer.json(), "updated_at": ""} == {**before, "updated_at": ""}


@pytest.mark.needs("create", "destroy")
def test_a_record_lives_from_post_to_delete(client: Any, path: str, viewset: Any, model: Any) -> None:
    created = client.post(path, body_for(viewset.serializer_class))
    assert created.status_code == 201, created.content
    address = created.headers["Location"]
    assert client.get(address).json() == created.json()
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert not model.objects.filter(pk=created.json()["id"]).exists()


@pytest.mark.needs("create")
def test_the_one_who_creates_owns(client: Any, path: str, viewset: Any, user: Any) -> None:
    created = client.post(path, body_for(viewset.serializer_class)).json()
    assert created["owner"] == str(user.pk)


@pytest.mark.needs("update", "partial_update", "destroy")
@pytest.mark.django_db(transaction=True)
def test_a_stale_version_changes_nothing(client: Any, path: str, model: Any, user: Any) -> None:
    record = make(model, owner=user)
    address = f"{path}/{record.pk}"
    tag = client.get(address).headers["ETag"]
    model.objects.filter(pk=record.pk).update(updated_at="2026-01-01T00:00:00Z")
    for call in (client.put, client.patch, client.delete):
        assert call(address, {}, headers={"If-Match": tag}).status_code == 412
    assert client.get(address).json()["updated_at"] == "2026-01-01T00:00:00.000000Z"


@pytest.mark.needs("destroy")
def test_a_version_is_compulsory_where_the_setting_says_so(
    client: Any, path: str, model: Any, user: Any, settings: Any
) -> None:
    settings.REQUIRE_IF_MATCH = True
    address = f"{path}/{make(model, owner=user).pk}"
    assert client.delete(address).status_code == 428
    assert client.delete(address, headers={"If-Match": client.get(address).headers["ETag"]}).status_code == 204


@pytest.mark.needs("upsert")
def test_a_record_is_put_by_its_name_elsewhere(client: Any, path: str, viewset: Any) -> None:
    body = body_for(viewset.serializer_class)
    address = f"{path}/by-external-id/erp/A-1"
    assert client.get(address).status_code == 404
    created = client.put(address, body)
    again = client.put(address, body)
    assert (created.status_code, again.status_code) == (201, 200)
    assert created.json()["id"] == again.json()["id"] == client.get(address).json()["id"]
    assert again.json()["external_references"] == [{"system": "erp", "external_id": "A-1"}]


@pytest.mark.needs("upsert")
@pytest.mark.parametrize("references", [0.2, True, "A-1", {}, None])
def test_a_record_is_not_put_by_its_name_with_references_that_are_no_list(
    client: Any, path: str, viewset: Any, references: Any
) -> None:
    address = f"{path}/by-external-id/erp/A-1"
    answer = client.put(address, {**body_for(viewset.serializer_class), "external_references": references})
    assert (answer.status_code, client.get(address).status_code) == (400, 404)


@pytest.mark.needs("update")
def test_what_is_read_can_be_put_back(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    before = client.get(address).json()
    after = client.put(address, before)
    assert after.status_code == 200, after.content
    assert {**after.json(), "updated_at": ""} == {**before, "updated_at": ""}


@pytest.mark.needs("partial_update")
def test_an_identifier_cannot_be_changed(client: Any, path: str, model: Any, user: Any) -> None:
    address = f"{path}/{make(model, owner=user).pk}"
    answer = client.patch(address, {"id": str(uuid4())}, content_type=MERGE_PATCH)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"pointer": "/id", "code": "read_only", "detail": "Read only."}]


@pytest.mark.needs("create")
@pytest.mark.parametrize("sign", ["\n", "\r", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_no_text_of_one_line_takes_a_line_break(client: Any, path: str, viewset: Any, model: Any, sign: str) -> None:
    body, before = body_for(viewset.serializer_class), model.objects.count()
    for name, field in viewset.serializer_class().fields.items():
        if field.read_only or isinstance(field, ChoiceField) or refuse_line_breaks not in field.validators:
            continue
        answer = client.post(path, {**body, name: f"a{sign}b"})
        assert answer.status_code == 400, name
        assert (f"/{name}", "line_breaks") in {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert model.objects.count() == before


@pytest.mark.needs("create")
def test_every_text_of_one_line_is_known_as_such(viewset: Any, model: Any) -> None:
    columns = {field.name: field for field in model._meta.concrete_fields}
    texts = {
        name
        for name, field in viewset.serializer_class().fields.items()
        if not field.read_only and type(columns.get(field.source)) is CharField and not columns[field.source].choices
    }
    known = {
        name for name, field in viewset.serializer_class().fields.items() if refuse_line_breaks in field.validators
    }
    assert texts <= known
