"""What sales tells marketing: what campaigns are owed of deals, and the leads that they brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, OuterRef, Q
from django.db.models.functions import Coalesce, Now, TruncDate

from crm.reports.forms import between
from marketing.attribution import Brought, Owed, Owing
from marketing.models import CampaignMember
from sales.models import Lead, Opportunity
from sales.models.currencies import in_reporting_currency

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.models import User

# A campaign touches a deal where it reached the customer or whom to talk to there, or brought the lead, before the end.
# In equal parts, the first campaigns get one cent more where cents are left over. Without a touch, all is owed to none.
OWED: Final = """
WITH deal (id, customer, contact, closed_at, is_won, amount) AS MATERIALIZED ({deals}),
member (customer, campaign, at) AS NOT MATERIALIZED ({members}),
touch (deal, campaign, at) AS (
    SELECT deal.id, member.campaign, member.at FROM deal JOIN member ON member.customer = deal.customer
    UNION ALL
    SELECT deal.id, member.campaign, member.at FROM deal JOIN member ON member.customer = deal.contact
    UNION ALL
    SELECT deal.id, lead.campaign_id, lead.created_at FROM deal JOIN sales_lead lead ON lead.opportunity_id = deal.id
    WHERE lead.campaign_id IS NOT NULL
),
touched (deal, campaign, at) AS (
    SELECT deal.id, touch.campaign, min(touch.at) FROM deal JOIN touch ON touch.deal = deal.id
    WHERE deal.closed_at IS NULL OR touch.at <= deal.closed_at
    GROUP BY deal.id, touch.campaign
),
placed AS (
    SELECT touched.campaign, deal.is_won, deal.amount,
        row_number() OVER (PARTITION BY deal.id ORDER BY touched.at, touched.campaign) AS place,
        greatest(1, count(touched.campaign) OVER (PARTITION BY deal.id)) AS places
    FROM deal LEFT JOIN touched ON touched.deal = deal.id
),
parted AS (
    SELECT campaign, is_won,
        CASE place WHEN 1 THEN amount END AS first,
        CASE place WHEN places THEN amount END AS last,
        (div(amount * 100, places) + CASE WHEN place <= mod(amount * 100, places) THEN 1 ELSE 0 END) * 0.01 AS linear
    FROM placed
)
SELECT campaign,
    coalesce(sum(first) FILTER (WHERE is_won), 0.00), coalesce(sum(first) FILTER (WHERE NOT is_won), 0.00),
    coalesce(sum(last) FILTER (WHERE is_won), 0.00), coalesce(sum(last) FILTER (WHERE NOT is_won), 0.00),
    coalesce(sum(linear) FILTER (WHERE is_won), 0.00), coalesce(sum(linear) FILTER (WHERE NOT is_won), 0.00)
FROM parted GROUP BY campaign
"""


class Selling:
    """Tells of what somebody may see."""

    def is_shown_to(self, user: User) -> bool:
        """Tell whether somebody may see any deals and leads."""
        return user.view_level(Opportunity) is not None and user.view_level(Lead) is not None

    def owed(self, user: User, wanted: Mapping[str, Any]) -> dict[UUID | None, Owing]:
        """Return what campaigns are owed, in one statement; deals without an exchange rate are left out."""
        try:
            deals, given = deals_of(user, wanted).query.sql_with_params()
        except EmptyResultSet:
            return {}
        members, more = reached().query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(OWED.format(deals=deals, members=members), [*given, *more])
            rows = cursor.fetchall()
        return {row[0]: Owing(*(Owed(*row[place : place + 2]) for place in (1, 3, 5))) for row in rows}

    def brought(self, user: User) -> dict[UUID, Brought]:
        """Return what came of each campaign that brought any lead."""
        seen = Q(opportunity__in=Opportunity.objects.visible_to(user))
        rows = Lead.objects.visible_to(user).filter(campaign__isnull=False).order_by().values_list("campaign")
        won = seen & Q(opportunity__status="won")
        counted = rows.annotate(leads=Count("pk"), deals=Count("pk", filter=seen), deals_won=Count("pk", filter=won))
        return {key: Brought(*numbers) for key, *numbers in counted}

    def costs(self, campaigns: QuerySet[Any]) -> dict[UUID, Decimal]:
        """Return what campaigns did cost, by the rates of the days on which they began, or else of today."""
        day = Coalesce(TruncDate("started_at"), TruncDate(Now()))
        rows = campaigns.filter(actual_cost__isnull=False).order_by().annotate(rate_day=day)
        worth = in_reporting_currency("actual_cost", "currency", OuterRef("rate_day"))
        return {key: cost for key, cost in rows.annotate(worth=worth).values_list("pk", "worth") if cost is not None}


def reached() -> QuerySet[Any, Any]:
    """Return whom campaigns reached, and when: a message that came back reached nobody."""
    rows = CampaignMember.objects.reached().filter(sent_at__isnull=False, bounced_at__isnull=True)
    return rows.order_by().values_list("customer", "campaign", "sent_at")


def deals_of(user: User, wanted: Mapping[str, Any]) -> QuerySet[Any, Any]:
    """Return the deals won in the period and those that are open, with what they are worth."""
    won = Q(Q(status="won"), **between("closed_at", wanted))
    chosen = Opportunity.objects.visible_to(user).filter(won | Q(status="open"))
    if wanted.get("campaigns"):
        customers = reached().filter(campaign__in=wanted["campaigns"]).values("customer")
        touched = Q(customer__in=customers) | Q(contact__in=customers)
        chosen = chosen.filter(touched | Q(lead__campaign__in=wanted["campaigns"]))
    worth = chosen.with_reporting_amount().filter(reporting_amount__isnull=False).annotate(is_won=Q(status="won"))
    columns = ("pk", "customer", "contact", "closed_at", "is_won", "reporting_amount")
    return worth.order_by().values_list(*columns)  # type: ignore[no-any-return]  # of our own queryset
