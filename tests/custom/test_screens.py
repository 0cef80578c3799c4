"""Custom fields on the screens: forms, lists and their filters, and where administrators add them."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Change, CustomField
from customers.models import Customer
from tests.custom.fields import add
from tests.staff import colleague, form_of, page, signed_in, superuser

pytestmark = pytest.mark.django_db


def kinds() -> None:
    """Add a field of each type."""
    add("staff", "number", min_value=1, group="Size", help_text="How many work there.")
    add("seen", "datetime", group="Size")
    add("tags", "choices", choices=["a", "b"], choice_labels={"a": "First"})
    add("page", "url")
    add("size", "choice", choices=["s", "l"], choice_labels={"l": "Large"}, default="s")


def test_a_form_has_each_field_in_its_group() -> None:
    kinds()
    client = signed_in(superuser())
    values = {
        "name": "Acme",
        "kind": "organization",
        "custom__staff": "2.5",
        "custom__seen": "2026-01-02T03:04",
        "custom__tags": ["b", "a"],
        "custom__page": "https://example.com",
    }
    assert client.post(page(Customer, "add"), form_of(client, page(Customer, "add")) | values).status_code == 302
    kept = Customer.objects.get().custom
    assert kept.pop("seen")[:9] == "2026-01-0"
    assert kept == {"staff": 2.5, "tags": ["a", "b"], "page": "https://example.com", "size": "s"}
    sections = client.get(page(Customer, "add")).context["adminform"].fieldsets
    assert {"Size", "Custom fields"} <= {str(title) for title, _options in sections}


def test_saving_a_form_as_it_is_changes_no_value() -> None:
    kinds()
    values = {"seen": "2026-01-02T03:04:05.678900Z", "tags": ["b", "gone"], "size": "old", "staff": 0.5}
    customer = Customer.objects.create(name="Acme", kind="organization", custom=values)
    client = signed_in(superuser())
    body = form_of(client, page(customer, "change"))
    moment = body["custom__seen"]
    answer = client.post(
        page(customer, "change"), body | {"custom__seen": moment.replace(microsecond=0), "custom__staff": 3}
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    customer.refresh_from_db()
    assert customer.custom == values | {"staff": 3}


def test_a_required_field_is_asked_for() -> None:
    add("size", "choice", choices=["s"], is_required=True)
    client = signed_in(colleague("Sales manager"))
    body = form_of(client, page(Customer, "add")) | {"given_name": "Ada"}
    errors = client.post(page(Customer, "add"), body).context["adminform"].form.errors
    assert list(errors) == ["custom__size"]
    assert not Customer.objects.exists()


def test_a_list_shows_and_filters_by_the_fields_chosen_for_it() -> None:
    add("size", "choice", choices=["s", "l"], choice_labels={"l": "Large"}, in_list=True, is_indexed=True)
    add("tags", "choices", choices=["a", "b"], in_list=True)
    add("vip", "boolean", in_list=True)
    add("note")
    Customer.objects.create(name="Big", custom={"size": "l", "tags": ["a"], "vip": True, "note": "not for lists"})
    Customer.objects.create(name="Small", custom={"size": "s"})
    client = signed_in(colleague("Sales manager"))
    answer = client.get(page(Customer, "changelist"))
    assert "Large" in answer.content.decode()
    assert "not for lists" not in answer.content.decode()
    for query in ({"custom.size": "l"}, {"custom.tags": "a"}, {"custom.vip": "true"}):
        rows = client.get(page(Customer, "changelist"), query).context["cl"].result_list
        assert [row.name for row in rows] == ["Big"]


def test_the_history_names_the_fields_that_changed_by_label() -> None:
    add("size", "choice", choices=["s", "l"], choice_labels={"l": "Large"})
    add("note")
    customer = Customer.objects.create(name="Acme", custom={"size": "s", "note": "same"})
    customer.custom = {"size": "l", "note": "same"}
    customer.save()
    from crm.admin.words import tell

    (told,) = tell(Change.objects.filter(action="updated"), superuser())
    assert [(one.label, one.before, one.after) for one in told.differences] == [("size", "s", "Large")]


def test_an_administrator_writes_choices_line_by_line() -> None:
    client = signed_in(superuser())
    body = form_of(client, page(CustomField, "add")) | {
        "content_type": add("other").content_type_id,
        "name": "size",
        "label": "Size",
        "type": "choice",
        "choices": "s = Small\nl",
        "default": "l",
        "fills": "on",
    }
    Customer.objects.create(name="Acme")
    assert client.post(page(CustomField, "add"), body).status_code == 302
    field = CustomField.objects.get(name="size")
    assert (field.choices, field.choice_labels, field.default) == (["s", "l"], {"s": "Small"}, "l")
    assert Customer.objects.get().custom == {"size": "l"}
    assert form_of(client, page(field, "change"))["choices"] == "s = Small\nl"


def test_a_default_that_is_no_value_is_refused_on_the_screen() -> None:
    client = signed_in(superuser())
    values = {"content_type": add("other").content_type_id, "name": "staff", "label": "Staff", "type": "number"}
    body = form_of(client, page(CustomField, "add")) | values | {"default": "many"}
    assert list(client.post(page(CustomField, "add"), body).context["adminform"].form.errors) == ["default"]
    assert not CustomField.objects.filter(name="staff").exists()


@pytest.mark.parametrize("is_used", [True, False])
def test_a_field_is_deleted_only_without_values(is_used: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    field = add("size")
    Customer.objects.create(name="Acme", custom={"size": "l"} if is_used else {})
    client = signed_in(superuser())
    client.post(page(field, "delete"), {"post": "yes"})
    chosen: dict[str, Any] = {"action": "delete_selected", "_selected_action": [str(field.pk)], "post": "yes"}
    client.post(page(CustomField, "changelist"), chosen)
    assert CustomField.objects.exists() is is_used
