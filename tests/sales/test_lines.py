"""Lines add up to the amount of a deal, whichever way they change; they are seen with their deal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales.models import Opportunity, OpportunityLine
from tests.samples import make

LINES = "/api/v1/opportunity-lines"


def line(deal: Opportunity, **values: Any) -> dict[str, Any]:
    return {"opportunity": str(deal.pk), "description": "Desk", "unit_price": "100.00", **values}


def amount(deal: Opportunity) -> Decimal:
    return Opportunity.objects.values_list("amount", flat=True).get(pk=deal.pk)


def test_the_amount_is_the_sum_of_the_lines(client: Any, deal: Opportunity) -> None:
    first = client.post(LINES, line(deal, quantity="3", discount="10"))
    assert (first.status_code, first.json()["total"]) == (201, "270.00"), first.content
    client.post(LINES, line(deal, unit_price="0.50"))
    assert amount(deal) == Decimal("270.50")
    client.patch(f"{LINES}/{first.json()['id']}", {"quantity": "1"})
    assert amount(deal) == Decimal("90.50")
    OpportunityLine.objects.filter(pk=first.json()["id"]).delete()
    assert amount(deal) == Decimal("0.50")


def test_a_deal_without_lines_has_the_amount_that_people_say(client: Any, deal: Opportunity) -> None:
    address = f"/api/v1/opportunities/{deal.pk}"
    assert client.patch(address, {"amount": "5.00"}).json()["amount"] == "5.00"
    made = client.post(LINES, line(deal)).json()
    refused = client.patch(address, {"amount": "6.00"})
    assert (refused.status_code, amount(deal)) == (422, Decimal("100.00"))
    OpportunityLine.objects.filter(pk=made["id"]).delete()
    assert client.patch(address, {"amount": "6.00"}).json()["lines_total"] is None
    assert amount(deal) == Decimal("6.00")


def test_a_line_that_goes_to_another_deal_takes_its_amount_along(deal: Opportunity) -> None:
    other = make(Opportunity)
    moved = make(OpportunityLine, opportunity=deal, unit_price=7)
    assert (amount(deal), amount(other)) == (Decimal(7), Decimal(0))
    moved.opportunity = other
    moved.save()
    assert (amount(deal), amount(other)) == (Decimal(0), Decimal(7))


def test_the_database_refuses_another_amount(deal: Opportunity) -> None:
    make(OpportunityLine, opportunity=deal, unit_price=7)
    with pytest.raises(IntegrityError), transaction.atomic():
        Opportunity.objects.filter(pk=deal.pk).update(amount=8)
    assert amount(deal) == Decimal(7)


@pytest.mark.django_db(transaction=True)
def test_lines_added_at_once_are_all_in_the_sum(deal: Opportunity) -> None:
    start = Barrier(8)

    def add(_number: int) -> None:
        start.wait()
        try:
            make(OpportunityLine, opportunity=deal, unit_price=10)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert amount(deal) == Decimal(80)


@given(
    quantity=st.decimals("0.001", "99999.999", places=3),
    price=st.decimals(0, "99999.99", places=2),
    discount=st.decimals(0, 100, places=2),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_total_is_rounded_to_the_hundredth(
    deal: Opportunity, quantity: Decimal, price: Decimal, discount: Decimal
) -> None:
    made = make(OpportunityLine, opportunity=deal, quantity=quantity, unit_price=price, discount=discount)
    exact = quantity * price * (100 - discount) / 100
    assert made.total == made.computed_total() == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    made.delete()


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": "0"},
        {"quantity": "-1"},
        {"unit_price": "-0.01"},
        {"discount": "100.01"},
        {"discount": "-1"},
        {"unit_price": "999999999999.99", "quantity": "2"},
        {"total": "5.00"},
    ],
)
def test_a_line_that_cannot_be_is_refused(client: Any, deal: Opportunity, values: dict[str, str]) -> None:
    assert client.post(LINES, line(deal, **values)).status_code in {400, 422}
    assert (OpportunityLine.objects.count(), amount(deal)) == (0, Decimal(0))


def test_lines_and_moves_are_seen_with_their_deal(client: Any, deal: Opportunity) -> None:
    made = make(OpportunityLine, opportunity=deal)
    make(OpportunityLine)
    assert [one["id"] for one in client.get(LINES).json()["results"]] == [str(made.pk)]
    shown = client.get(f"/api/v1/opportunities/{deal.pk}", {"expand": "lines,stage"}).json()
    assert [one["id"] for one in shown["lines"]] == [str(made.pk)]
    assert shown["stage"]["name"] == "Qualification"


def test_lines_that_come_to_more_than_an_amount_can_hold_are_refused(client: Any, deal: Opportunity) -> None:
    line = {"opportunity": str(deal.pk), "description": "Desk", "quantity": "99", "unit_price": "9999999999.99"}
    assert client.post("/api/v1/opportunity-lines", line).status_code == 201
    answer = client.post("/api/v1/opportunity-lines", line)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "opportunity_lines_too_much")
    assert deal.lines.count() == 1
