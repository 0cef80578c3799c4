"""What campaigns brought, beside each other."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from crm.reports.forms import PeriodForm, RecordsField, ResponsibleForm, responsible
from crm.reports.reports import Chart, Column, Kind, Report, register
from marketing.attribution import Brought, Owed, Owing, Touch, selling
from marketing.models import Campaign, CampaignMember
from marketing.results import counts, rates
from marketing.returns import cost_per, return_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from crm.models import User

SHOWN: Final = ("members", "sent", "delivered", "bounced", "opened", "clicked", "replied", "unsubscribed")
NEEDED: Final = (*SHOWN, "complained")
NOBODY: Final = dict.fromkeys(NEEDED, 0)


class CampaignsForm(PeriodForm, ResponsibleForm):
    """Which campaigns, when deals were won, and to which of the campaigns before each is owed."""

    campaigns = RecordsField(
        Campaign.objects.order_by("name", "id"),
        label=_("Campaigns"),
        help_text=_("Only these, by their ids with commas; all that have begun or brought something, otherwise."),
    )
    touch = forms.ChoiceField(
        choices=[
            (Touch.LAST.value, _("last")),
            (Touch.FIRST.value, _("first")),
            (Touch.LINEAR.value, _("equal parts")),
        ],
        required=False,
        label=_("Owed to"),
        help_text=_("To the first campaign, the last, or all in equal parts; the last unless said otherwise."),
        widget=UnfoldAdminSelectWidget,
    )

    field_order = ("campaigns", "since", "until", "owner", "team", "touch")


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
        Column("members", _("members"), Kind.NUMBER, is_summed=True),
        Column("sent", _("sent"), Kind.NUMBER, is_summed=True),
        Column("delivered", _("delivered"), Kind.NUMBER, is_summed=True),
        Column("bounced", _("bounced"), Kind.NUMBER, is_summed=True),
        Column("opened", _("opened"), Kind.NUMBER, is_summed=True),
        Column("open_rate", _("open rate"), Kind.PERCENT, may_be_null=True),
        Column("clicked", _("clicked"), Kind.NUMBER, is_summed=True),
        Column("click_rate", _("click rate"), Kind.PERCENT, may_be_null=True),
        Column("replied", _("replied"), Kind.NUMBER, is_summed=True),
        Column("unsubscribed", _("unsubscribed"), Kind.NUMBER, is_summed=True),
        Column("leads", _("leads"), Kind.NUMBER, is_summed=True),
        Column("deals", _("deals"), Kind.NUMBER, is_summed=True),
        Column("deals_won", _("deals won"), Kind.NUMBER, is_summed=True),
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
        owed, brought = dict(selling().owed(user, period(wanted))), selling().brought(user)
        chosen = campaigns(user, wanted, [*filter(None, owed), *brought])
        reached, costs = numbers(user, chosen), selling().costs(chosen)
        found = [
            row_of(
                campaign,
                reached.get(campaign.pk, NOBODY),
                brought.get(campaign.pk, Brought()),
                owed.pop(campaign.pk, Owing()).by(touch),
                costs.get(campaign.pk),
            )
            for campaign in chosen.order_by("name", "id")
        ]
        if is_narrowed(wanted):
            return found
        others = [one.by(touch) for one in owed.values()]  # to none, and to campaigns out of sight
        rest = Owed(sum((one.won for one in others), Decimal()), sum((one.pipeline for one in others), Decimal()))
        return [*found, row_of(None, NOBODY, Brought(), rest, None)] if rest.won or rest.pipeline else found

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the campaign's results."""
        return reverse("admin:marketing_campaign_results", args=(row["campaign_id"],)) if row["campaign_id"] else ""


def address_of(campaigns: Iterable[Campaign]) -> str:
    """Return the address of the page that compares campaigns."""
    asked = urlencode({"campaigns": [str(one.pk) for one in campaigns], "since": "2000-01-01"}, doseq=True)
    return f"{reverse('report', args=[CampaignResults.name])}?{asked}"


def is_narrowed(wanted: Mapping[str, Any]) -> bool:
    """Tell whether only some campaigns are asked for, so that what is owed to none is not among them."""
    return bool(wanted.get("campaigns") or responsible(wanted))


def period(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return when deals were won, and, for a choice of campaigns, of which: then others need not be looked at."""
    keys = [campaign.pk for campaign in wanted.get("campaigns") or ()]
    return {"since": wanted.get("since"), "until": wanted.get("until"), "campaigns": keys}


def campaigns(user: User, wanted: Mapping[str, Any], others: Iterable[UUID]) -> Any:
    """Return the campaigns that are asked for, as far as somebody sees them."""
    seen = Campaign.objects.visible_to(user).filter(**responsible(wanted))
    if wanted.get("campaigns"):
        return seen.filter(pk__in=[campaign.pk for campaign in wanted["campaigns"]])
    return seen.filter(Q(started_at__isnull=False) | Q(pk__in=list(others)))


def numbers(user: User, chosen: Any) -> dict[UUID, dict[str, int]]:
    """Return how many members of each campaign, of those whom a user sees, came how far."""
    rows = CampaignMember.objects.visible_to(user).filter(campaign__in=chosen.order_by()).order_by().values("campaign")
    return {row["campaign"]: {name: row[f"n_{name}"] for name in NEEDED} for row in rows.annotate(**counts(*NEEDED))}


def row_of(
    campaign: Campaign | None, came: Mapping[str, int], brought: Brought, owed: Owed, cost: Decimal | None
) -> dict[str, Any]:
    """Return the figures of a campaign; of deals that are owed to none, where there is none."""
    shares = rates(came)
    return {
        "campaign_id": campaign.pk if campaign is not None else None,
        "campaign": campaign.name if campaign is not None else gettext("no campaign"),
        **{name: came[name] for name in SHOWN},
        "open_rate": shares["opened"],
        "click_rate": shares["clicked"],
        "leads": brought.leads,
        "deals": brought.deals,
        "deals_won": brought.won,
        "cost": cost,
        "cost_per_lead": cost_per(cost, brought.leads),
        "pipeline": owed.pipeline,
        "won": owed.won,
        "roi": return_on(cost, owed.won),
    }
