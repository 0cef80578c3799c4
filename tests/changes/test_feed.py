"""What the feed says of a change, whichever door it came through."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from crm.changes.context import acting
from crm.models import Change
from customers.models import Address, Customer
from tests.samples import make

pytestmark = pytest.mark.django_db(transaction=True)
MERGE_PATCH = "application/merge-patch+json"


def test_a_change_says_what_when_by_whom_and_from_what(reader: Any, integration: Any, changes: Any) -> None:
    created = reader.post("/api/v1/customers", {"name": "Ada"}, headers={"X-Request-ID": "first"}).json()
    reader.patch(f"/api/v1/customers/{created['id']}", {"name": "Eve"}, headers={"X-Request-ID": "second"})
    first, second = changes()
    assert (first["action"], first["before"], first["after"]["name"]) == ("created", None, "Ada")
    assert (second["action"], second["before"], second["after"]) == ("updated", {"name": "Ada"}, {"name": "Eve"})
    assert {first["resource"], second["resource"]} == {"customers"}
    assert {first["record"], second["record"]} == {first["customer"], second["customer"]} == {created["id"]}
    assert (second["user"], second["application"], second["command"]) == (str(integration.pk), "crm", "")
    assert [first["request_id"], second["request_id"]] == ["first", "second"]


def test_a_deletion_keeps_what_there_was(reader: Any, changes: Any) -> None:
    record = make(Customer, name="Ada")
    assert reader.delete(f"/api/v1/customers/{record.pk}").status_code == 204
    last = changes()[-1]
    assert (last["action"], last["before"]["name"], last["after"]) == ("deleted", "Ada", None)


def test_saving_without_a_difference_is_no_change(changes: Any) -> None:
    make(Customer).save()
    assert [one["action"] for one in changes()] == ["created"]


def test_a_statement_by_hand_is_on_the_feed(changes: Any) -> None:
    records = [make(Customer, name=f"Customer {number}") for number in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET lifecycle = 'former' WHERE name <> 'Customer 1'")
    found = [one for one in changes() if one["action"] == "updated"]
    assert {one["record"] for one in found} == {str(records[0].pk), str(records[2].pk)}
    assert [one["after"] for one in found] == [{"lifecycle": "former"}] * 2
    assert found[0]["command"]


def test_an_emptied_table_is_on_the_feed(changes: Any) -> None:
    address = make(Address, city="Berlin")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer CASCADE")
    gone = {one["resource"]: one for one in changes() if one["action"] == "deleted"}
    assert (gone["addresses"]["record"], gone["addresses"]["before"]["city"]) == (str(address.pk), "Berlin")
    assert gone["customers"]["record"] == gone["addresses"]["customer"] == str(address.customer_id)


def test_a_command_is_named_with_its_run(integration: Any, changes: Any) -> None:
    with transaction.atomic(), acting(command="erp_pull", user=integration, request_id="run 1"):
        make(Customer)
    (found,) = changes()
    assert (found["command"], found["user"], found["request_id"]) == ("erp_pull", str(integration.pk), "run 1")


def test_who_acted_is_forgotten_after_the_block(integration: Any) -> None:
    with transaction.atomic():
        with acting(command="erp_pull", user=integration):
            make(Customer)
        make(Customer)
    first, second = Change.objects.order_by("sequence")
    assert (first.user_id, second.user_id) == (integration.pk, None)


def test_what_is_rolled_back_never_was(changes: Any) -> None:
    with transaction.atomic():
        make(Customer)
        transaction.set_rollback(True)
    assert changes() == []


def test_what_belongs_to_a_customer_concerns_it(changes: Any) -> None:
    address = make(Address)
    assert {one["customer"] for one in changes(resource="addresses")} == {str(address.customer_id)}


def test_the_name_elsewhere_of_a_new_record_is_part_of_its_creation(reader: Any, changes: Any) -> None:
    reader.put("/api/v1/customers/by-external-id/erp/A-1", {"name": "Ada"})
    (found,) = changes()
    assert found["after"]["external_references"] == [{"system": "erp", "external_id": "A-1"}]


def test_names_elsewhere_that_come_and_go_are_changes(changes: Any) -> None:
    record = make(Customer)
    reference = record.external_references.create(system="erp", external_id="A-1")
    reference.delete()
    known = [{"system": "erp", "external_id": "A-1"}]
    _created, added, removed = changes()
    assert (added["before"], added["after"]) == ({"external_references": []}, {"external_references": known})
    assert (removed["before"], removed["after"]) == ({"external_references": known}, {"external_references": []})
