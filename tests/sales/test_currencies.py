"""Exchange rates: which one counts, and what an amount is worth."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import hypothesis
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sales.checks import known_reporting_currency
from sales.models import ExchangeRate, MissingRate, Opportunity, convert
from tests.samples import make

MONDAY = datetime.date(2026, 3, 2)
DAY = datetime.timedelta(days=1)
AMOUNTS = st.decimals("-999999999.99", "999999999.99", places=2)
RATES = st.decimals("0.00000001", "99999.99999999", places=8)
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def rate(currency: str, on: datetime.date, value: str | Decimal) -> ExchangeRate:
    return ExchangeRate.objects.create(currency=currency, on=on, rate=Decimal(value))


def test_the_newest_rate_on_or_before_the_day_counts(db: None) -> None:
    rate("USD", MONDAY, "0.9")
    rate("USD", MONDAY + 2 * DAY, "0.8")
    worth = [convert(Decimal(100), "USD", "EUR", MONDAY + number * DAY) for number in range(4)]
    assert worth == [Decimal(90), Decimal(90), Decimal(80), Decimal(80)]


def test_without_a_rate_nothing_is_made_up(db: None) -> None:
    rate("USD", MONDAY, "0.9")
    with pytest.raises(MissingRate) as refusal:
        convert(Decimal(1), "USD", "EUR", MONDAY - DAY)
    assert (refusal.value.currency, refusal.value.on) == ("USD", MONDAY - DAY)


def test_two_currencies_meet_in_the_reporting_one(db: None) -> None:
    rate("USD", MONDAY, "0.9")
    rate("CNY", MONDAY, "0.12")
    assert convert(Decimal(100), "USD", "CNY", MONDAY) == Decimal("750.00")
    assert convert(Decimal("0.005"), "EUR", "EUR", MONDAY) == Decimal("0.01")


@given(amount=AMOUNTS, value=RATES)
@hypothesis.settings(max_examples=60, **SLOW)
def test_a_conversion_is_exact_to_the_hundredth(db: None, amount: Decimal, value: Decimal) -> None:
    ExchangeRate.objects.all().delete()
    rate("USD", MONDAY, value)
    worth = convert(amount, "USD", "EUR", MONDAY)
    assert worth == (amount * value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert abs(worth - amount * value) <= Decimal("0.005")
    assert convert(-amount, "USD", "EUR", MONDAY) == -worth


@given(amount=st.decimals(0, "999999999.99", places=2), value=st.decimals("0.0001", "9999", places=8))
@hypothesis.settings(max_examples=40, **SLOW)
def test_the_database_converts_as_python_does(db: None, amount: Decimal, value: Decimal) -> None:
    ExchangeRate.objects.all().delete()
    Opportunity.objects.all().delete()
    rate("USD", MONDAY, value)
    make(Opportunity, amount=amount, currency="USD")
    found = Opportunity.objects.with_reporting_amount().get().reporting_amount
    assert found == convert(amount, "USD", "EUR", timezone.localdate())


def test_a_sum_over_deals_leaves_unknown_rates_visible(db: None) -> None:
    rate("USD", MONDAY, "0.5")
    for currency in ("EUR", "USD", "CNY"):
        make(Opportunity, amount=10, currency=currency)
    found = Opportunity.objects.with_reporting_amount().values_list("currency", "reporting_amount")
    assert dict(found) == {"EUR": Decimal(10), "USD": Decimal(5), "CNY": None}


def test_the_database_refuses_rates_that_cannot_be(db: None) -> None:
    rate("USD", MONDAY, "0.9")
    for values in ({"currency": "USD", "rate": 1}, {"currency": "GBP", "rate": 0}, {"currency": "us", "rate": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExchangeRate.objects.create(on=MONDAY, **values)
    assert ExchangeRate.objects.count() == 1


def test_managers_keep_rates_and_sellers_read_them(api_client: Any, make_user: Any) -> None:
    manager = api_client(make_user("Sales manager"), "sales:read", "sales:write")
    seller = api_client(make_user("Sales representative"), "sales:read", "sales:write")
    body = {"currency": "USD", "on": "2026-03-02", "rate": "0.9"}
    assert seller.post("/api/v1/exchange-rates", body).status_code == 403
    made = manager.post("/api/v1/exchange-rates", body)
    assert (made.status_code, made.json()["rate"]) == (201, "0.90000000"), made.content
    assert manager.post("/api/v1/exchange-rates", body).status_code == 409
    assert manager.post("/api/v1/exchange-rates", {**body, "currency": "ABC"}).status_code in {400, 422}
    assert seller.get("/api/v1/exchange-rates", {"currency": "USD"}).json()["results"] == [made.json()]


@pytest.mark.parametrize(
    ("currency", "found"), [("EUR", []), ("CNY", []), ("EURO", ["sales.E001"]), ("", ["sales.E001"])]
)
def test_the_crm_does_not_start_with_a_currency_that_there_is_not(
    settings: Any, currency: str, found: list[str]
) -> None:
    settings.REPORTING_CURRENCY = currency
    assert [one.id for one in known_reporting_currency(None)] == found
