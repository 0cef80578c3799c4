"""What a campaign cost and brought: leads, deals, and what it is owed of what they are worth."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from crm.currencies import reporting_currency
from crm.reports.figures import percent
from marketing.attribution import Brought, Owing, Touch, selling
from marketing.models import Campaign

if TYPE_CHECKING:
    from crm.models import User

CENT: Final = Decimal("0.01")


def cost_per(cost: Decimal | None, number: int) -> Decimal | None:
    """Return what one of so many did cost, to the cent, a half going up; None of nothing."""
    return (cost / number).quantize(CENT, ROUND_HALF_UP) if cost is not None and number else None


def return_on(cost: Decimal | None, won: Decimal) -> Decimal | None:
    """Return what came back beyond the cost, in percent of it; None where there is none."""
    found: Decimal | None = percent(won - cost, cost) if cost else None
    return found


def returns_of(campaign: Campaign, reader: User) -> dict[str, Any] | None:
    """Return what a campaign cost and brought, by each way to count; None for who may see no deals."""
    sales = selling()
    if not sales.is_shown_to(reader):
        return None
    cost = sales.costs(Campaign.objects.filter(pk=campaign.pk)).get(campaign.pk)
    brought = sales.brought(reader).get(campaign.pk, Brought())
    owed = sales.owed(reader, {"campaigns": [campaign.pk]}).get(campaign.pk, Owing())
    return {
        "currency": reporting_currency(),
        "leads": brought.leads,
        "deals": brought.deals,
        "won": brought.won,
        "cost": cost,
        "cost_per_lead": cost_per(cost, brought.leads),
        "owed": [
            {"touch": touch.value, "pipeline": one.pipeline, "won": one.won, "roi": return_on(cost, one.won)}
            for touch in Touch
            for one in [owed.by(touch)]
        ],
    }
