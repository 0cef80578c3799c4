"""A file adds to the history of consent, and changes none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crm.models import ImportRefusal
from customers.models import Consent, Customer, Purpose
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = ("external_id", "customer", "purpose", "is_granted", "source", "evidence", "ip_address", "user_agent")


@pytest.fixture
def told(send: Callable[..., Any]) -> Callable[..., Any]:
    """Import a row of one consent that the ERP knows as 7, with some of it said otherwise."""
    known = {"external_id": "7", "customer": make(Customer).pk, "purpose": make(Purpose, name="by_post").pk}
    known |= {"is_granted": "yes", "source": "import", "evidence": "Card", "user_agent": "Till"}

    def sent(**said: Any) -> Any:
        row = ",".join(str((known | {"ip_address": "203.0.113.9"} | said)[name]) for name in COLUMNS)
        return send(f"{','.join(COLUMNS)}\n{row}\n", resource="consents", key="external_id", system="erp")

    return sent


def counts(one: Any) -> tuple[int, int, int, int]:
    return one["created"], one["updated"], one["unchanged"], one["refused"]


def test_the_same_row_again_is_the_same_consent(told: Any) -> None:
    assert [counts(told()), counts(told())] == [(1, 0, 0, 0), (0, 0, 1, 0)]
    assert Consent.objects.values_list("is_granted", "evidence").get() == (True, "Card")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("is_granted", "no"),
        ("source", "phone"),
        ("evidence", "Forged"),
        ("ip_address", "203.0.113.10"),
        ("user_agent", "Other"),
    ],
)
def test_a_row_that_says_otherwise_of_a_consent_is_refused(told: Any, name: str, value: str) -> None:
    told()
    assert counts(told(**{name: value})) == (0, 0, 0, 1)
    reasons = [f"{name}: The history of consent is not changed; record what came after."]
    assert ImportRefusal.objects.get().reasons == reasons
    kept = Consent.objects.values_list("is_granted", "source", "evidence", "ip_address", "user_agent").get()
    assert kept == (True, "import", "Card", "203.0.113.9", "Till")


def test_neither_whose_it_is_nor_for_what_is_changed(told: Any) -> None:
    told()
    before = Consent.objects.values_list("customer", "purpose").get()
    assert counts(told(customer=make(Customer).pk)) == (0, 0, 0, 1)
    assert counts(told(purpose=make(Purpose, name="by_phone").pk)) == (0, 0, 0, 1)
    assert Consent.objects.values_list("customer", "purpose").get() == before
