"""Rows that would add a customer whom the CRM may have are refused where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.models import ExternalReference, Import, ImportRefusal
from customers.models import Customer
from tests.imports.conftest import IMPORTS
from tests.samples import make
from tests.worker import do_all

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = "name,email\nJohn Doe,john@example.com\nAda Lovelace,ada@example.com\nA. L.,ada@example.com\n"


def test_rows_that_may_be_known_are_refused_with_the_candidates(send: Callable[..., Any]) -> None:
    make(Customer, name="J. Doe", email="john@example.com")
    one = send(ROWS, duplicates="refuse")
    assert (one["created"], one["refused"], one["refuses_duplicates"]) == (1, 2, True)
    reasons = dict(ImportRefusal.objects.values_list("line", "reasons"))
    assert reasons == {
        2: ["J. Doe may be the same: same e-mail."],
        4: ["Ada Lovelace may be the same: same e-mail."],
    }
    assert Customer.objects.count() == 2


def test_rows_that_find_their_record_are_no_duplicates(send: Callable[..., Any]) -> None:
    make(Customer, name="John Doe", email="john@example.com")
    make(Customer, name="John Doe", email="other@example.com")
    one = send("name,email\nJohn B. Doe,john@example.com\n", duplicates="refuse", key="email")
    assert (one["updated"], one["refused"]) == (1, 0)


def test_without_the_wish_every_row_is_taken(send: Callable[..., Any]) -> None:
    assert send(ROWS)["created"] == 3


def test_records_that_are_never_one_are_not_looked_through(send: Callable[..., Any]) -> None:
    made = send("customer,city\nx,Berlin\n", resource="addresses", duplicates="refuse", status=422)
    assert made["errors"][0]["detail"] == "Of these records, none are duplicates of each other."
    assert not Import.objects.exists()


@pytest.fixture
def again(client: Any) -> Callable[..., Any]:
    """Start an import once more, let the worker do it, and return it as it then stands."""

    def started(one: Any, status: int = 202, **said: Any) -> Any:
        answer = client.post(f"{IMPORTS}/{one['id']}/start", said)
        assert answer.status_code == status, answer.content
        do_all()
        return client.get(f"{IMPORTS}/{one['id']}").json()

    return started


def test_a_run_refuses_whom_its_dry_run_refused(send: Callable[..., Any], again: Callable[..., Any]) -> None:
    make(Customer, name="J. Doe", email="john@example.com")
    one = again(send(ROWS, duplicates="refuse", mode="dry_run"))
    assert (one["created"], one["refused"], one["refuses_duplicates"]) == (1, 2, True)
    assert sorted(Customer.objects.values_list("name", flat=True)) == ["Ada Lovelace", "J. Doe"]


def test_a_wish_is_taken_back_by_saying_so(send: Callable[..., Any], again: Callable[..., Any]) -> None:
    one = again(send(ROWS, duplicates="refuse", mode="dry_run"), duplicates="take")
    assert (one["created"], one["refused"], one["refuses_duplicates"]) == (3, 0, False)


@pytest.mark.parametrize("mode", ["preview", "dry_run"])
def test_a_run_finds_records_as_was_said_before(send: Callable[..., Any], again: Callable[..., Any], mode: str) -> None:
    make(Customer, name="John Doe", email="john@example.com")
    mapping = '{"n": "name", "e": "email"}'
    one = again(send("n,e\nJohn B. Doe,john@example.com\n", mode=mode, key="email", mapping=mapping), mode="run")
    assert (one["key"], one["updated"], one["created"]) == ("email", 1, 0)
    assert Customer.objects.get().name == "John B. Doe"


def test_a_run_names_records_in_the_system_said_before(send: Callable[..., Any], again: Callable[..., Any]) -> None:
    one = send("name,external_id\nAda,7\n", mode="dry_run", key="external_id", system="erp")
    assert again(one)["system"] == "erp"
    assert ExternalReference.objects.get().system == "erp"
    assert again(one, system="", key="")["key"] == ""


def test_a_preview_refuses_a_wish_that_makes_no_sense(send: Callable[..., Any]) -> None:
    said = send(ROWS, mode="preview", mapping='{"no such": "name"}', status=422)
    assert said["errors"][0]["detail"] == "There is no column no such."
    assert not Import.objects.exists()
