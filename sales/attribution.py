"""What sales tells marketing: deals with the campaigns that touched their customers, and leads by campaign."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q

from crm.currencies import reporting_currency
from crm.reports.forms import between
from marketing.attribution import Deal
from marketing.models import CampaignMember
from sales.models import Lead, MissingRate, Opportunity, convert

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from uuid import UUID

    from crm.models import User

type Touches = dict[UUID, list[tuple[datetime.datetime, UUID]]]


class Selling:
    """Tells of what somebody may see."""

    def deals(self, user: User, wanted: Mapping[str, Any]) -> Iterator[Deal]:
        """Yield the deals won in the period and those that are open; those without an exchange rate are left out."""
        won = Q(Q(status="won"), **between("closed_at", wanted))
        chosen = Opportunity.objects.visible_to(user).filter(won | Q(status="open"))
        touches = touches_of(chosen)
        columns = ("customer", "contact", "status", "closed_at", "lead__campaign", "lead__created_at")
        for amount, customer, contact, status, closed, campaign, came in (
            chosen.with_reporting_amount().order_by("pk").values_list("reporting_amount", *columns)
        ):
            if amount is None:
                continue
            found = [*touches.get(customer, ()), *touches.get(contact, ()), *([(came, campaign)] if campaign else [])]
            before = sorted((at, key) for at, key in found if closed is None or at <= closed)
            yield Deal(amount, status == "won", tuple(dict.fromkeys(key for _at, key in before)))

    def leads(self, user: User) -> dict[UUID, int]:
        """Return how many leads each campaign brought."""
        rows = Lead.objects.visible_to(user).filter(campaign__isnull=False).order_by().values_list("campaign")
        return dict(rows.annotate(number=Count("pk")))

    def worth(self, amount: Decimal, currency: str, on: datetime.date) -> Decimal | None:
        """Return an amount in the reporting currency; None where no rate is known."""
        try:
            return convert(amount, currency, reporting_currency(), on)
        except MissingRate:
            return None


def touches_of(deals: Any) -> Touches:
    """Return when campaigns reached the customers of deals, and whom to talk to there."""
    about = Q(customer__in=deals.values("customer")) | Q(customer__in=deals.values("contact"))
    rows = CampaignMember.objects.reached().filter(about, sent_at__isnull=False)
    found: Touches = defaultdict(list)
    for customer, at, campaign in rows.values_list("customer", "sent_at", "campaign"):
        found[customer].append((at, campaign))
    return found
