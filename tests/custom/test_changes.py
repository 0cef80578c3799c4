"""What administrators do to custom fields: nothing that records say is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.custom import actions, jobs, moves
from crm.models import Change, CustomField
from crm.privacy.actions import erase_person
from customers.models import Customer
from tests.custom.fields import CUSTOMERS, FIELDS, MERGE_PATCH, add, faults

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(make_user: Any) -> Any:
    return make_user("Administrator")


def rename(field: CustomField, name: str, by: Any) -> None:
    field.name = name
    field.full_clean()
    actions.save_field(field=field, by=by)


def test_values_go_along_with_a_new_name(client: Any, create: Any, found: Any, by: Any) -> None:
    field = add("size", is_indexed=True)
    made = create(size="large").json()
    before = Change.objects.count()
    rename(field, "format", by)
    assert client.get(f"{CUSTOMERS}/{made['id']}").json()["custom"] == {"format": "large"}
    assert found(**{"custom.format": "large"}) == found(**{"custom.size": "large"}) == ["ACME"]
    assert Change.objects.count() == before + 1
    patch = {"custom": {"size": "small"}}
    changed = client.patch(f"{CUSTOMERS}/{made['id']}", patch, content_type=MERGE_PATCH)
    assert changed.json()["custom"] == {"format": "small"}


def test_a_value_is_given_once_under_whichever_name(create: Any, by: Any) -> None:
    rename(add("size"), "format", by)
    answer = create(size="small", format="large")
    assert (answer.status_code, faults(answer)) == (400, [("/custom/format", "repeated")])
    assert not Customer.objects.exists()


def test_a_field_may_have_its_former_name_again(create: Any, by: Any) -> None:
    field = add("size")
    create(size="large")
    rename(field, "format", by)
    rename(field, "size", by)
    assert Customer.objects.get().custom == {"size": "large"}
    assert CustomField.objects.get().former_names == ["format"]


def test_a_former_name_is_not_for_another_field(by: Any) -> None:
    rename(add("size"), "format", by)
    with pytest.raises(ValidationError, match="Another field had this name"):
        add("size")
    assert CustomField.objects.count() == 1


def test_what_a_late_request_wrote_under_the_former_name_is_taken_in(create: Any, by: Any) -> None:
    field = add("size")
    create()
    rename(field, "format", by)
    Customer.objects.update(custom={"size": "late"})
    assert moves.take_in(field=field, former="size") == 1
    assert Customer.objects.get().custom == {"format": "late"}
    Customer.objects.update(custom={"size": "older", "format": "newer"})
    assert moves.take_in(field=field, former="size") == 0
    assert Customer.objects.get().custom["format"] == "newer"


def test_the_worker_takes_in_what_came_late(create: Any, by: Any) -> None:
    field = add("size")
    create()
    rename(field, "format", by)
    Customer.objects.update(custom={"size": "late"})
    jobs.settle.func(field=str(field.pk))
    assert Customer.objects.get().custom == {"format": "late"}


def test_what_is_restored_from_before_stands_under_the_name_of_now(client: Any, create: Any, by: Any) -> None:
    field, _other = add("size"), add("colour")
    made = create(size="large", colour="red").json()
    address = f"{CUSTOMERS}/{made['id']}"
    client.patch(address, {"custom": {"size": "small"}}, content_type=MERGE_PATCH)
    change = client.get(f"{address}/history").json()["results"][0]["id"]
    client.patch(address, {"custom": {"colour": "blue"}}, content_type=MERGE_PATCH)
    rename(field, "format", by)
    restored = client.post(f"{address}/restore", {"change": change})
    assert (restored.status_code, restored.json()["custom"]) == (200, {"format": "large", "colour": "blue"})


def test_a_retired_field_is_hidden_and_keeps_its_values(client: Any, create: Any, by: Any) -> None:
    field, _other = add("size"), add("colour")
    made = create(size="large", colour="red").json()
    address = f"{CUSTOMERS}/{made['id']}"
    field.is_active = False
    actions.save_field(field=field, by=by)
    assert client.get(address).json()["custom"] == {"colour": "red"}
    assert client.get(CUSTOMERS, {"custom.size": "large"}).status_code == 400
    assert faults(client.post(CUSTOMERS, {"name": "New", "custom": {"size": "x"}})) == [
        ("/custom/size", "unknown_custom_field")
    ]
    assert b"large" not in b"".join(client.get(f"{CUSTOMERS}/export").streaming_content)


@pytest.mark.parametrize("body", [{"custom": None}, {"custom": {}}, {"custom": {"colour": "blue"}}])
@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_field_that_comes_back_has_its_values(client: Any, create: Any, by: Any, method: str, body: Any) -> None:
    field, _other = add("size"), add("colour")
    made = create(size="large", colour="red").json()
    CustomField.objects.filter(pk=field.pk).update(is_active=False)
    send, kind = (client.patch, MERGE_PATCH) if method == "patch" else (client.put, "application/json")
    whole = {"name": "ACME"} | ({} if body["custom"] is None and method == "put" else body)
    assert send(f"{CUSTOMERS}/{made['id']}", whole, content_type=kind).status_code == 200
    CustomField.objects.filter(pk=field.pk).update(is_active=True)
    assert client.get(f"{CUSTOMERS}/{made['id']}").json()["custom"]["size"] == "large"


def test_a_default_is_given_to_all_who_have_no_value(create: Any, by: Any) -> None:
    field = add("size")
    create("One", size="large")
    create("Two")
    field.default = "small"
    actions.save_field(field=field, by=by, fills=True)
    assert dict(Customer.objects.values_list("name", "custom")) == {"One": {"size": "large"}, "Two": {"size": "small"}}


def test_a_default_is_not_given_to_the_erased(create: Any, by: Any) -> None:
    create("One")
    create("Two")
    erase_person(customer=Customer.objects.get(name="Two"), by=by, reason="Asked for it.")
    field = add("size", default="small")
    actions.save_field(field=field, by=by, fills=True)
    assert dict(Customer.objects.values_list("name", "custom")) == {"One": {"size": "small"}, "Erased": {}}


def test_a_field_with_values_is_not_deleted(create: Any, by: Any) -> None:
    field = add("size")
    create(size="large")
    with pytest.raises(actions.StillUsed):
        actions.delete_field(field=field, by=by)
    assert CustomField.objects.get() == field
    Customer.objects.update(custom={})
    actions.delete_field(field=field, by=by)
    assert not CustomField.objects.exists()


def test_neither_the_type_nor_the_kind_of_record_changes() -> None:
    field = add("size", "number")
    field.type = "text"
    with pytest.raises(ValidationError, match="never changes"):
        field.full_clean()
    assert CustomField.objects.get().type == "number"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("text", {"choices": ["a"]}),
        ("choice", {}),
        ("choice", {"choices": ["a", "a"]}),
        ("choice", {"choices": [" a"]}),
        ("choice", {"choices": ["a"], "choice_labels": {"a": 1}}),
        ("choice", {"choices": ["a"], "default": "b"}),
        ("number", {"min_value": 2, "max_value": 1}),
        ("number", {"pattern": "x"}),
        ("text", {"min_value": 1}),
        ("text", {"pattern": "("}),
        ("text", {"max_length": 0}),
        ("text", {"max_length": 5000}),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(kind: str, options: Any) -> None:
    with pytest.raises(ValidationError):
        add("extra", kind, **options)
    assert not CustomField.objects.exists()


@pytest.mark.parametrize("name", ["Size", "1st", "a__b", "a_", "a-b", ""])
def test_a_name_is_one_that_programs_can_write(name: str) -> None:
    with pytest.raises(ValidationError):
        add(name)
    assert not CustomField.objects.exists()


def test_administrators_add_change_and_delete_fields_over_rest(administrator: Any) -> None:
    body = {"resource": "customers", "name": "size", "label": "Size", "type": "choice", "choices": ["s", "l"]}
    made = administrator.post(FIELDS, body)
    assert (made.status_code, made.json()["resource"]) == (201, "customers")
    address = f"{FIELDS}/{made.json()['id']}"
    assert made.headers["Location"].endswith(address)
    patch = {"name": "format", "choice_labels": {"s": "Small"}, "default_value": "s"}
    changed = administrator.patch(address, patch, content_type=MERGE_PATCH).json()
    assert (changed["name"], changed["former_names"], changed["default_value"]) == ("format", ["size"], "s")
    emptied = administrator.patch(address, {"default_value": None, "group": None}, content_type=MERGE_PATCH).json()
    assert (emptied["default_value"], emptied["group"]) == (None, "")
    assert administrator.delete(address).status_code == 204
    assert administrator.get(address).status_code == 404


def test_a_field_with_values_is_not_deleted_over_rest(administrator: Any, create: Any) -> None:
    field = add("size")
    create(size="large")
    assert administrator.delete(f"{FIELDS}/{field.pk}").status_code == 409
    assert CustomField.objects.get() == field


@pytest.mark.parametrize(
    ("change", "status"),
    [({"resource": "nothing"}, 422), ({"name": "A"}, 400), ({"type": "color"}, 400), ({"choices": ["a"]}, 422)],
)
def test_a_field_that_makes_no_sense_is_refused_over_rest(administrator: Any, change: Any, status: int) -> None:
    body = {"resource": "customers", "name": "size", "label": "Size", "type": "text", **change}
    assert administrator.post(FIELDS, body).status_code == status
    assert not CustomField.objects.exists()


def test_others_only_read_which_fields_there_are(api_client: Any, make_user: Any) -> None:
    field = add("size")
    manager = api_client(make_user("Sales manager"), "admin", "directory:read")
    assert [one["name"] for one in manager.get(FIELDS, {"resource": "customers"}).json()["results"]] == ["size"]
    assert manager.get(FIELDS, {"resource": "addresses"}).json()["results"] == []
    assert manager.get(FIELDS, {"resource": "nothing"}).status_code == 422
    body = {"resource": "customers", "name": "x", "label": "X", "type": "text"}
    assert manager.post(FIELDS, body).status_code == 403
    assert manager.patch(f"{FIELDS}/{field.pk}", {"label": "X"}, content_type=MERGE_PATCH).status_code == 403
    assert manager.delete(f"{FIELDS}/{field.pk}").status_code == 403
    reader = api_client(make_user("Administrator"), "directory:read")
    assert reader.post(FIELDS, body).status_code == 403
    assert CustomField.objects.values_list("name", "label").get() == ("size", "size")


def test_a_change_over_another_is_refused(administrator: Any) -> None:
    field = add("size")
    address = f"{FIELDS}/{field.pk}"
    tag = administrator.get(address).headers["ETag"]
    assert administrator.patch(address, {"label": "A"}, content_type=MERGE_PATCH).status_code == 200
    late = administrator.patch(address, {"label": "B"}, content_type=MERGE_PATCH, headers={"If-Match": tag})
    assert late.status_code == 412
    assert CustomField.objects.get().label == "A"
