"""What campaigns are owed sums up to what was won, to the cent."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketing.attribution import Deal, Touch, owed, split
from marketing.models import Campaign, CampaignMember
from sales.models import Lead, Opportunity, Stage
from tests.samples import make

A, B, C = (UUID(int=number) for number in (1, 2, 3))
PATH = "/api/v1/reports/campaign-results"
amounts = st.decimals(0, 10**10, places=2)
deals = st.builds(Deal, amounts, st.booleans(), st.lists(st.uuids(), max_size=7, unique=True).map(tuple))


@given(st.lists(deals, max_size=20), st.sampled_from(Touch))
def test_what_is_owed_is_what_was_won(all_deals: list[Deal], touch: Touch) -> None:
    found = owed(all_deals, touch).values()
    assert sum(one.won for one in found) == sum(one.amount for one in all_deals if one.is_won)
    assert sum(one.pipeline for one in found) == sum(one.amount for one in all_deals if not one.is_won)


def test_the_first_the_last_or_all_are_owed_a_deal() -> None:
    amount = Decimal("100.00")
    assert split(amount, (A, B, C), Touch.FIRST) == [(A, amount)]
    assert split(amount, (A, B, C), Touch.LAST) == [(C, amount)]
    parts = [(A, Decimal("33.34")), (B, Decimal("33.33")), (C, Decimal("33.33"))]
    assert split(amount, (A, B, C), Touch.LINEAR) == parts
    assert split(amount, (), Touch.LINEAR) == [(None, amount)]


def reached(campaign: Any, customer: Any, on: str) -> None:
    """Let a campaign have reached a customer on a day."""
    at = datetime.datetime.fromisoformat(f"{on}T12:00:00+00:00")
    make(CampaignMember, campaign=campaign, customer=customer, state="sent", sent_at=at)


@pytest.mark.django_db
@pytest.mark.parametrize(("touch", "spring", "autumn"), [("first", 100, 0), ("last", 0, 100), ("linear", 50, 50)])
def test_the_report_says_what_campaigns_brought(
    api_client: Any, integration: Any, touch: str, spring: int, autumn: int
) -> None:
    begun = {"started_at": "2026-01-01T00:00:00Z", "actual_cost": 20, "currency": "EUR"}
    one, other = make(Campaign, name="A spring", **begun), make(Campaign, name="B autumn", **begun)
    stage = make(Stage, kind="won", probability=100)
    won, _alone = (make(Opportunity, stage=stage, amount=100, currency="EUR") for _time in range(2))
    reached(one, won.customer, "2026-01-02")
    reached(other, won.customer, "2026-02-02")
    make(Lead, campaign=one)
    rows = api_client(integration, "marketing:read").get(PATH, {"touch": touch}).json()["results"]
    assert [(row["campaign"], float(row["won"])) for row in rows] == [
        ("A spring", spring), ("B autumn", autumn), ("no campaign", 100)
    ]  # fmt: skip
    assert (rows[0]["leads"], float(rows[0]["cost_per_lead"]), float(rows[0]["roi"])) == (1, 20, 5 * spring - 100)
