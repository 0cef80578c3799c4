"""What a custom field takes: types, limits, defaults, what is required."""

from __future__ import annotations

from typing import Any

import pytest

from customers.models import Customer, Interaction
from tests.custom.fields import CUSTOMERS, MERGE_PATCH, add, faults

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "options", "value", "kept"),
    [
        ("text", {"pattern": "[A-Z]{2}-[0-9]+"}, " AB-12 ", "AB-12"),
        ("text", {"max_length": 3}, "abc", "abc"),
        ("number", {"min_value": 1, "max_value": 10}, 10, 10),
        ("number", {}, 2.5, 2.5),
        ("date", {}, "2026-02-28", "2026-02-28"),
        ("datetime", {}, "2026-02-28T10:00:00+08:00", "2026-02-28T02:00:00.000000Z"),
        ("boolean", {}, False, False),
        ("choices", {"choices": ["red", "green", "blue"]}, ["blue", "red"], ["red", "blue"]),
        ("url", {}, "https://example.com/a?b=c", "https://example.com/a?b=c"),
    ],
)
def test_a_value_of_the_type_is_kept(create: Any, kind: str, options: Any, value: Any, kept: Any) -> None:
    add("extra", kind, **options)
    answer = create(extra=value)
    assert answer.status_code == 201, answer.content
    assert answer.json()["custom"] == {"extra": kept}


@pytest.mark.parametrize(
    ("kind", "options", "value"),
    [
        ("text", {"pattern": "[A-Z]{2}-[0-9]+"}, "AB-12 and more"),
        ("text", {"max_length": 3}, "abcd"),
        ("text", {}, 5),
        ("number", {"min_value": 1}, 0),
        ("number", {"max_value": 10}, 10.5),
        ("number", {}, True),
        ("number", {}, "5"),
        ("date", {}, "2026-02-30"),
        ("datetime", {}, "2026-02-28T10:00:00"),
        ("datetime", {}, "0001-01-01T00:00:00+23:00"),
        ("boolean", {}, 1),
        ("choices", {"choices": ["red"]}, ["red", "pink"]),
        ("choices", {"choices": ["red"]}, "red"),
        ("url", {}, "javascript:alert(1)"),
    ],
)
def test_any_other_value_is_refused(create: Any, kind: str, options: Any, value: Any) -> None:
    add("extra", kind, **options)
    answer = create(extra=value)
    assert (answer.status_code, faults(answer)) == (422, [("/custom/extra", "invalid_custom_value")])
    assert not Customer.objects.exists()


def test_a_required_field_is_asked_for_when_a_record_is_made_or_changed(client: Any, create: Any) -> None:
    made = create().json()
    add("size", "choice", choices=["small", "large"], is_required=True)
    address = f"{CUSTOMERS}/{made['id']}"
    changed = client.patch(address, {"name": "Other"}, content_type=MERGE_PATCH)
    assert (changed.status_code, faults(changed)) == (422, [("/custom/size", "required_custom_field")])
    assert client.get(address).json()["name"] == "ACME"
    assert faults(create("New")) == [("/custom/size", "required_custom_field")]
    good = client.patch(address, {"name": "Other", "custom": {"size": "small"}}, content_type=MERGE_PATCH)
    assert good.json()["custom"] == {"size": "small"}


def test_a_required_field_cannot_be_emptied(client: Any, create: Any) -> None:
    add("code", is_required=True)
    made = create(code="x").json()
    for empty in (None, "", " "):
        answer = client.patch(f"{CUSTOMERS}/{made['id']}", {"custom": {"code": empty}}, content_type=MERGE_PATCH)
        assert answer.status_code == 422
    assert client.get(f"{CUSTOMERS}/{made['id']}").json()["custom"] == {"code": "x"}


def test_a_new_record_has_the_defaults_and_a_patch_adds_none(client: Any, create: Any) -> None:
    before = create().json()
    add("stage", "number", default=1)
    add("vip", "boolean", default=False, is_required=True)
    assert create("New", stage=3).json()["custom"] == {"stage": 3, "vip": False}
    batch = {"items": [{"operation": "create", "data": {"name": "In a batch"}}]}
    client.post(f"{CUSTOMERS}/batch", batch)
    assert Customer.objects.get(name="In a batch").custom == {"stage": 1, "vip": False}
    patch = {"name": "Old", "custom": {"vip": True}}
    changed = client.patch(f"{CUSTOMERS}/{before['id']}", patch, content_type=MERGE_PATCH)
    assert changed.json()["custom"] == {"vip": True}


def test_what_the_crm_writes_itself_has_the_defaults(make_user: Any) -> None:
    from django.contrib.contenttypes.models import ContentType

    from crm.models import CustomField
    from customers.actions import log_interaction

    kind = ContentType.objects.get_for_model(Interaction)
    CustomField.objects.create(content_type=kind, name="mood", label="Mood", type="text", default="good")
    customer = Customer.objects.create(name="ACME")
    log_interaction(customer=customer, by=make_user("Integration"), kind="call", subject="Hello")
    assert Interaction.objects.get().custom == {"mood": "good"}


def test_a_value_that_may_no_longer_be_chosen_stays_until_it_is_changed(client: Any, create: Any) -> None:
    field = add("size", "choice", choices=["small", "large"])
    made = create(size="small").json()
    field.choices = ["large"]
    field.save()
    address = f"{CUSTOMERS}/{made['id']}"
    same = client.put(address, {"name": "Other", "custom": {"size": "small"}})
    assert (same.status_code, same.json()["custom"]) == (200, {"size": "small"})
    assert create("New", size="small").status_code == 422
    assert client.patch(address, {"custom": {"size": "large"}}, content_type=MERGE_PATCH).status_code == 200
    assert client.patch(address, {"custom": {"size": "small"}}, content_type=MERGE_PATCH).status_code == 422


def test_true_is_not_taken_for_the_one_that_is_there(client: Any, create: Any) -> None:
    add("count", "number")
    made = create(count=1).json()
    patch = {"custom": {"count": True}}
    answer = client.patch(f"{CUSTOMERS}/{made['id']}", patch, content_type=MERGE_PATCH)
    assert answer.status_code == 422
    assert client.get(f"{CUSTOMERS}/{made['id']}").json()["custom"] == {"count": 1}
