"""Looking for duplicates has bounds, whatever the names, and leaves no settings behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from customers.matching import renew_duplicates
from customers.models import Customer, Duplicate
from tests.customers.test_duplicates import reasons_of
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_a_search_that_takes_too_long_is_stopped_and_leaves_the_list_as_it_was(caplog: Any) -> None:
    for name in ("Acme GmbH", "ACME"):
        make(Customer, kind="organization", name=name)
    assert renew_duplicates() is True
    Customer.objects.update(name="Other")
    assert renew_duplicates(seconds=0.001) is False
    assert Duplicate.objects.count() == 1
    assert "stopped after 0.001 seconds" in caplog.text


def test_where_names_are_alike_all_over_only_what_is_the_same_is_named(integration: Any, monkeypatch: Any) -> None:
    Customer.objects.bulk_create(Customer(name=f"Customer Number {one}") for one in range(3000))
    make(Customer, name="Somebody", email="ada@example.com")
    new = Customer(name="Customer Number 31", email="ada@example.com")
    monkeypatch.setattr("customers.matching.NAMES_SECONDS", 0.0)
    monkeypatch.setattr("customers.matching.MORE_SECONDS", 0.001)
    assert {name: reasons for name, (_score, reasons) in reasons_of(new, integration).items()} == {
        "Customer Number 31": ["name"],
        "Somebody": ["email"],
    }


def test_whom_two_names_of_many_customers_stand_for_are_not_told_pair_by_pair() -> None:
    for name in ("Acme Berlin", "Acme Berlim"):
        Customer.objects.bulk_create(Customer(name=name, kind="organization") for _number in range(11))
    renew_duplicates()
    assert {tuple(one.reasons) for one in Duplicate.objects.all()} == {("name",)}
    Customer.objects.filter(name="Acme Berlim").delete()
    make(Customer, name="Acme Berlim", kind="organization")
    renew_duplicates()
    assert Duplicate.objects.filter(reasons=["similar_name"]).count() == 11


@pytest.mark.parametrize("kind", ["person", "organization"])
def test_names_of_the_two_kinds_are_never_compared(kind: str) -> None:
    make(Customer, name="Acme Berlin", kind=kind)
    make(Customer, name="Acme Berlim", kind="person" if kind == "organization" else "organization")
    renew_duplicates()
    assert not Duplicate.objects.exists()


def test_looking_for_duplicates_leaves_the_settings_of_its_transaction(integration: Any) -> None:
    names = ["statement_timeout", "work_mem", "jit", "client_connection_check_interval"]

    def settings() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting(name) FROM unnest(%s::text[]) AS name", [names])
            return [row[0] for row in cursor.fetchall()]

    before = settings()
    make(Customer, name="Acme")
    assert reasons_of(Customer(name="Acme"), integration) == {"Acme": (0.75, ["name"])}
    assert settings() == before
