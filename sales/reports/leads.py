"""What becomes of leads: the funnel, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, OuterRef, Q
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils.translation import gettext_lazy as _

from crm.reports.figures import percent
from crm.reports.forms import PeriodForm, ResponsibleForm, between, responsible
from crm.reports.reports import Chart, Column, Kind, Report, register
from sales.models import Lead, Opportunity
from sales.models.currencies import in_reporting_currency
from sales.reports.figures import listed, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User

QUALIFIED: Final = Q(status__in=["qualified", "converted"])
CONVERTED: Final = Q(status="converted")


class LeadsForm(PeriodForm, ResponsibleForm):
    """When the leads came, and whose they are."""


def leads(user: User, wanted: Mapping[str, Any]) -> Any:
    """Return the leads that came in the period, as far as `user` may see them."""
    chosen = Lead.objects.visible_to(user).filter(**between("created_at", wanted), **responsible(wanted))
    return chosen.order_by()


def won_by(user: User) -> Q:
    """Return the condition that a lead became a deal which was won and which `user` may see."""
    return Q(opportunity__in=Opportunity.objects.visible_to(user).filter(status="won"))


@register
class LeadFunnel(Report):
    """How far leads come."""

    name = "lead-funnel"
    title = _("Lead funnel")
    description = _(
        "Of the leads that came in the period, how many are qualified, became deals and were won by now; each step"
        " counts also those that are further."
    )
    scope = "sales"
    model = Lead
    form = LeadsForm
    columns = (
        Column("step", _("step")),
        Column("number", _("number"), Kind.NUMBER),
        Column("of_previous", _("of the step before"), Kind.PERCENT, may_be_null=True),
        Column("of_all", _("of all"), Kind.PERCENT, may_be_null=True),
    )
    chart = Chart("step", ("number",))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each step, also where nothing came to it."""
        counted = leads(user, wanted).aggregate(
            leads=Count("pk"),
            qualified=Count("pk", filter=QUALIFIED),
            converted=Count("pk", filter=CONVERTED),
            won=Count("pk", filter=won_by(user)),
        )
        titles = {"leads": _("leads"), "qualified": _("qualified"), "converted": _("converted"), "won": _("won")}
        found: list[dict[str, Any]] = []
        before = None
        for name, number in counted.items():
            of_previous = None if before is None else percent(number, before)
            row = {"step": str(titles[name]), "number": number, "of_previous": of_previous}
            found.append({**row, "of_all": percent(number, counted["leads"])})
            before = number
        return found


@register
class LeadSources(Report):
    """Where leads come from, and what comes of them."""

    name = "lead-sources"
    title = _("Leads by source")
    description = _(
        "Where the leads that came in the period are from, how many became deals, and what was won of these, at the"
        " rates of the day on which each was won."
    )
    scope = "sales"
    model = Lead
    form = LeadsForm
    columns = (
        Column("source", _("source")),
        Column("leads", _("leads"), Kind.NUMBER, is_summed=True),
        Column("qualified", _("qualified"), Kind.NUMBER, is_summed=True),
        Column("converted", _("converted"), Kind.NUMBER, is_summed=True),
        Column("conversion", _("conversion"), Kind.PERCENT),
        Column("won", _("won"), Kind.NUMBER, is_summed=True),
        Column("won_amount", _("amount won"), Kind.MONEY, is_summed=True),
        Column("without_rate", _("deals without a rate"), Kind.NUMBER, is_summed=True),
    )
    chart = Chart("source", ("leads", "converted", "won"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each source, the most frequent first; the empty one is of leads that name none."""
        worth = in_reporting_currency("opportunity__amount", "opportunity__currency", OuterRef("rate_day"))
        chosen = leads(user, wanted).annotate(
            rate_day=Coalesce(TruncDate("opportunity__closed_at"), TruncDate(Now())), worth=worth
        )
        won = won_by(user)
        counted = chosen.values("source").annotate(
            leads=Count("pk"),
            qualified=Count("pk", filter=QUALIFIED),
            converted=Count("pk", filter=CONVERTED),
            won=Count("pk", filter=won),
            won_amount=total("worth", won),
            without_rate=Count("pk", filter=won & Q(worth__isnull=True)),
        )
        dates = {name: value.isoformat() for name, value in between("created_at", wanted).items()}
        return [
            {
                **row,
                "conversion": percent(row["converted"], row["leads"]),
                "list": listed(Lead, wanted, source__exact=row["source"], **dates),
            }
            for row in counted.order_by("-leads", "source")
        ]

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the leads from the source."""
        return str(row["list"])
