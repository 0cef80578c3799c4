"""Rows that would add a customer whom the CRM may have are refused where that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.models import Import, ImportRefusal
from customers.models import Customer
from tests.samples import make

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
