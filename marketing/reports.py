"""What campaigns brought, beside each other."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from crm.reports.forms import PeriodForm
from crm.reports.reports import Chart, Column, Kind, Report, register
from marketing import attribution
from marketing.attribution import Owed, Touch
from marketing.models import Campaign, CampaignMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from crm.models import User

TENTH: Final = Decimal("0.1")
CENT: Final = Decimal("0.01")


class CampaignsForm(PeriodForm):
    """When deals were won, and to which of the campaigns before each is owed."""

    touch = forms.ChoiceField(
        choices=[
            (Touch.FIRST.value, _("first")),
            (Touch.LAST.value, _("last")),
            (Touch.LINEAR.value, _("equal parts")),
        ],
        required=False,
        label=_("Owed to"),
        help_text=_("To the first campaign, the last, or all in equal parts; the last unless said otherwise."),
        widget=UnfoldAdminSelectWidget,
    )


@register
class CampaignResults(Report):
    """What campaigns cost and brought."""

    name = "campaign-results"
    title = _("Campaigns")
    description = _(
        "What each campaign reached, cost and brought. Deals won in the period, and open ones, are owed to campaigns"
        " that reached the customer before; with the row of no campaign, they sum up to all that was won, to the cent."
    )
    scope = "marketing"
    model = Campaign
    form = CampaignsForm
    columns = (
        Column("campaign_id", _("campaign"), Kind.ID, may_be_null=True),
        Column("campaign", _("campaign")),
        Column("sent", _("sent"), Kind.NUMBER, is_summed=True),
        Column("opened", _("opened"), Kind.NUMBER, is_summed=True),
        Column("clicked", _("clicked"), Kind.NUMBER, is_summed=True),
        Column("leads", _("leads"), Kind.NUMBER, is_summed=True),
        Column("cost", _("cost"), Kind.MONEY, is_summed=True, may_be_null=True),
        Column("cost_per_lead", _("cost per lead"), Kind.MONEY, may_be_null=True),
        Column("pipeline", _("open deals"), Kind.MONEY, is_summed=True),
        Column("won", _("amount won"), Kind.MONEY, is_summed=True),
        Column("roi", _("return on cost"), Kind.PERCENT, may_be_null=True),
    )
    chart = Chart("campaign", ("won", "cost"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each campaign that has begun or is owed something, and one for what is owed to none."""
        touch = Touch(wanted.get("touch") or Touch.LAST)
        selling = attribution.registered()
        owed = attribution.owed((deal for one in selling for deal in one.deals(user, wanted)), touch)
        leads = {key: number for one in selling for key, number in one.leads(user).items()}
        campaigns = Campaign.objects.visible_to(user).filter(Q(started_at__isnull=False) | Q(pk__in=[*owed, *leads]))
        reached = counts(user)
        found = [
            row_of(one, reached.get(one.pk, {}), leads.get(one.pk, 0), owed.pop(one.pk, Owed()))
            for one in campaigns.order_by("name", "id")
        ]
        others = owed.values()  # to none, and to campaigns out of sight
        rest = Owed(sum((one.won for one in others), Decimal()), sum((one.pipeline for one in others), Decimal()))
        return [*found, row_of(None, {}, 0, rest)] if rest.won or rest.pipeline else found


def counts(user: User) -> dict[UUID, dict[str, int]]:
    """Return how many members of each campaign, of those whom a user sees, were sent to, opened and clicked."""
    rows = CampaignMember.objects.visible_to(user).order_by().values("campaign")
    counted = rows.annotate(
        sent=Count("id", filter=Q(sent_at__isnull=False)),
        opened=Count("id", filter=Q(opened_at__isnull=False) | Q(clicked_at__isnull=False)),
        clicked=Count("id", filter=Q(clicked_at__isnull=False)),
    )
    return {row["campaign"]: row for row in counted}


def row_of(campaign: Campaign | None, reached: Mapping[str, int], leads: int, owed: Owed) -> dict[str, Any]:
    """Return the figures of a campaign; of deals that are owed to none, where there is none."""
    cost = cost_of(campaign) if campaign is not None else None
    return {
        "campaign_id": campaign.pk if campaign is not None else None,
        "campaign": campaign.name if campaign is not None else gettext("no campaign"),
        **{name: reached.get(name, 0) for name in ("sent", "opened", "clicked")},
        "leads": leads,
        "cost": cost,
        "cost_per_lead": (cost / leads).quantize(CENT, ROUND_HALF_UP) if cost is not None and leads else None,
        "pipeline": owed.pipeline,
        "won": owed.won,
        "roi": (100 * (owed.won - cost) / cost).quantize(TENTH, ROUND_HALF_UP) if cost else None,
    }


def cost_of(campaign: Campaign) -> Decimal | None:
    """Return what a campaign did cost in the reporting currency; None where that is not known."""
    if campaign.actual_cost is None:
        return None
    on = timezone.localdate(campaign.started_at) if campaign.started_at else timezone.localdate()
    worth = [one.worth(campaign.actual_cost, campaign.currency, on) for one in attribution.registered()]
    return next((one for one in worth if one is not None), None)
