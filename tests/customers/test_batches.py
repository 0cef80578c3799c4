"""Batches of customers: what the database refuses, keys, and many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from customers.models import Address, Customer
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


def batch(client: Any, *items: dict[str, Any], path: str = "customers") -> list[dict[str, Any]]:
    answer = client.post(f"/api/v1/{path}/batch", {"items": list(items)})
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def test_the_database_refuses_the_guilty_only(client: Any) -> None:
    customer = make(Customer)
    address = {"customer": str(customer.pk), "city": "Berlin", "country": "DE"}
    first = {"operation": "create", "data": {**address, "is_primary": True}}
    results = batch(client, first, {"operation": "create", "data": address}, first, path="addresses")
    assert [one["status"] for one in results] == [201, 201, 409]
    assert results[2]["problem"]["errors"][0]["code"] == "address_one_primary"
    assert Address.objects.count() == 2


def test_who_is_still_referred_to_stays(client: Any) -> None:
    firm = make(Customer, kind="organization")
    make(Customer, organization=firm)
    other = make(Customer)
    results = batch(client, *({"operation": "delete", "id": str(one.pk)} for one in (other, firm)))
    assert [one["status"] for one in results] == [204, 409]


def test_an_upsert_finds_by_a_key(client: Any) -> None:
    known = make(Customer, email="ada@example.com", lifecycle="lead")
    item = {"operation": "upsert", "key": "email", "data": {"email": "ada@example.com", "lifecycle": "customer"}}
    new = {"operation": "upsert", "key": "email", "data": {"email": "eve@example.com", "name": "Eve"}}
    results = batch(client, item, new, new)
    assert [one["status"] for one in results] == [200, 201, 200]
    known.refresh_from_db()
    assert (known.lifecycle, Customer.objects.count()) == ("customer", 2)


def test_a_key_that_several_have_names_nobody(client: Any) -> None:
    for _number in range(2):
        make(Customer, email="ada@example.com")
    item = {"operation": "upsert", "key": "email", "data": {"email": "ada@example.com"}}
    assert [one["status"] for one in batch(client, item, {**item, "data": {"name": "Ada"}})] == [409, 422]


def test_what_follows_from_other_fields_is_filled_in(client: Any) -> None:
    data = {"given_name": "Ada", "family_name": "Lovelace", "email": "ADA@Example.com", "phone": "+49 30 1234567"}
    (result,) = batch(client, {"operation": "create", "data": data})
    found = Customer.objects.get(pk=result["record"])
    assert (found.name, found.email, found.phone_e164) == ("Ada Lovelace", "ada@example.com", "+49301234567")


def test_a_rule_of_the_model_is_kept(client: Any) -> None:
    firm = make(Customer, kind="organization")
    data = {"name": "Firm", "kind": "organization", "organization": str(firm.pk)}
    (result,) = batch(client, {"operation": "create", "data": data})
    assert (result["status"], result["problem"]["errors"][0]["pointer"]) == (422, "/organization")


def test_what_was_read_can_be_sent_back(client: Any) -> None:
    before = client.get(f"/api/v1/customers/{make(Customer).pk}").json()
    (result,) = batch(client, {"operation": "update", "id": before["id"], "data": before})
    assert result["status"] == 200
    assert client.get(f"/api/v1/customers/{before['id']}").json() == before


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_put_each_name_once(client: Any) -> None:
    items = [
        {"operation": "upsert", "system": "erp", "external_id": str(number), "data": {"name": f"Customer {number}"}}
        for number in range(50)
    ]

    def send(number: int) -> set[int]:
        try:
            return {one["status"] for one in batch(client, *(items if number % 2 else reversed(items)))}
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        codes = set().union(*threads.map(send, range(4)))
    assert codes == {200, 201}
    assert Customer.objects.count() == 50


def test_interactions_about_many_records_cost_no_query_each(client: Any, django_assert_max_num_queries: Any) -> None:
    call = {"kind": "call", "subject": "About itself", "about_type": "customers.customer"}
    keys = [str(make(Customer).pk) for _number in range(20)]
    rows: list[dict[str, Any]] = [{**call, "customer": key, "about_id": key} for key in keys]
    rows[7]["about_id"] = "019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10"
    items = [{"operation": "create", "data": row} for row in rows]
    with django_assert_max_num_queries(14):
        results = batch(client, *items, path="interactions")
    assert [one["status"] for one in results] == [201] * 7 + [422] + [201] * 12


def test_an_upsert_finds_an_e_mail_address_in_any_capitals(client: Any) -> None:
    make(Customer, email="ada@example.com")
    item = {"operation": "upsert", "key": "email", "data": {"email": " Ada@Example.COM", "lifecycle": "customer"}}
    new = {"operation": "upsert", "key": "email", "data": {"email": "EVE@example.com", "name": "Eve"}}
    again = {"operation": "upsert", "key": "email", "data": {"email": "eve@example.com", "name": "Eva"}}
    assert [one["status"] for one in batch(client, item, new, again)] == [200, 201, 200]
    assert set(Customer.objects.values_list("email", "lifecycle")) == {
        ("ada@example.com", "customer"),
        ("eve@example.com", "lead"),
    }


def test_an_upsert_finds_what_earlier_items_made_of_the_records(client: Any) -> None:
    ada, eve = make(Customer, email="ada@example.com"), make(Customer, email="eve@example.com")
    moved = {"operation": "update", "id": str(ada.pk), "data": {"email": "new@example.com"}}
    gone = {"operation": "delete", "id": str(eve.pk)}
    upserts = [
        {"operation": "upsert", "key": "email", "data": {"email": f"{name}@example.com", "name": name}}
        for name in ("new", "ada", "eve")
    ]
    assert [one["status"] for one in batch(client, moved, gone, *upserts)] == [200, 204, 200, 201, 201]
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["ada", "eve", "new"]


def test_a_name_elsewhere_is_free_once_its_record_is_deleted(client: Any) -> None:
    path = "/api/v1/customers/by-external-id/erp/4711"
    old = client.put(path, {"name": "Old"}).json()
    upsert = {"operation": "upsert", "system": "erp", "external_id": "4711", "data": {"name": "New"}}
    results = batch(client, {"operation": "delete", "id": old["id"]}, upsert)
    assert [one["status"] for one in results] == [204, 201]
    assert client.get(path).json()["name"] == "New"
