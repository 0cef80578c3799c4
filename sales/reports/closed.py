"""What was decided: how much was won and lost, how long it took, and why deals were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Aggregate, Avg, Count, DurationField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from crm.reports.figures import GROUP, GROUP_ID, percent
from crm.reports.forms import PeriodForm, between
from crm.reports.reports import Chart, Column, Kind, Report, register
from sales.models import Opportunity
from sales.reports.figures import (
    WITHOUT_RATE,
    DealsForm,
    by_month,
    deals,
    grouped,
    grouping,
    listed,
    total,
    without_rate,
)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from crm.models import User

WON: Final = Q(status="won")
LOST: Final = Q(status="lost")
DAY: Final = 86_400


class ClosedForm(PeriodForm, DealsForm):
    """When they were won or lost, whose they are, and of which pipeline."""


class GroupedForm(ClosedForm):
    """The same, and by what they are grouped; by month unless said otherwise."""

    by = grouping("month", "owner", "team", "pipeline")


class Median(Aggregate):
    """The middle one of values, or what lies halfway between the two in the middle."""

    function = "PERCENTILE_CONT"
    name = "Median"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)%(filter)s"


def decided(user: User, wanted: Mapping[str, Any]) -> Any:
    """Return the deals that were won or lost in the period."""
    return deals(user, wanted).filter(~Q(status="open"), **between("closed_at", wanted))


def in_groups(chosen: Any, wanted: Mapping[str, Any]) -> Any:
    """Return deals by what is asked for: the month in which they were closed, unless it is something else."""
    by = wanted.get("by") or "month"
    found = by_month(chosen, "closed_at") if by == "month" else grouped(chosen, by)
    return found.values("group", "group_id")


@register
class WinRate(Report):
    """How many of the deals that were decided were won."""

    name = "win-rate"
    title = _("Win rate")
    description = _(
        "Of the deals that were decided in the period, how many were won, by number and by amount, at the rates of the"
        " day on which each was closed."
    )
    scope = "sales"
    model = Opportunity
    form = GroupedForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("won", _("won"), Kind.NUMBER, is_summed=True),
        Column("lost", _("lost"), Kind.NUMBER, is_summed=True),
        Column("rate", _("win rate"), Kind.PERCENT),
        Column("won_amount", _("amount won"), Kind.MONEY, is_summed=True),
        Column("lost_amount", _("amount lost"), Kind.MONEY, is_summed=True),
        Column("amount_rate", _("win rate by amount"), Kind.PERCENT, may_be_null=True),
        WITHOUT_RATE,
    )
    chart = Chart("group", ("won", "lost"), is_stacked=True)

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group in which deals were decided."""
        counted = in_groups(decided(user, wanted), wanted).annotate(
            won=Count("pk", filter=WON),
            lost=Count("pk", filter=LOST),
            won_amount=total("reporting_amount", WON),
            lost_amount=total("reporting_amount", LOST),
            without_rate=without_rate(),
        )
        return [
            {
                **row,
                "rate": percent(row["won"], row["won"] + row["lost"]),
                "amount_rate": percent(row["won_amount"], row["won_amount"] + row["lost_amount"]),
            }
            for row in counted.order_by("group", "group_id")
        ]


@register
class SalesCycle(Report):
    """How long it takes to win a deal, and to lose one."""

    name = "sales-cycle"
    title = _("Sales cycle")
    description = _(
        "How many days there were from the creation of a deal to the day on which it was won or lost, of the deals that"
        " were decided in the period."
    )
    scope = "sales"
    model = Opportunity
    form = GroupedForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("won", _("won"), Kind.NUMBER, is_summed=True),
        Column("days_to_win", _("average days to win"), Kind.DAYS, may_be_null=True),
        Column("median_days_to_win", _("median days to win"), Kind.DAYS, may_be_null=True),
        Column("lost", _("lost"), Kind.NUMBER, is_summed=True),
        Column("days_to_lose", _("average days to lose"), Kind.DAYS, may_be_null=True),
    )
    chart = Chart("group", ("days_to_win", "days_to_lose"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group in which deals were decided."""
        length = ExpressionWrapper(F("closed_at") - F("created_at"), output_field=DurationField())
        counted = in_groups(decided(user, wanted), wanted).annotate(
            won=Count("pk", filter=WON),
            lost=Count("pk", filter=LOST),
            win=Avg(length, filter=WON),
            middle=Median(length, filter=WON, output_field=DurationField()),
            lose=Avg(length, filter=LOST),
        )
        names = {"days_to_win": "win", "median_days_to_win": "middle", "days_to_lose": "lose"}
        return [
            {**row, **{title: days(row[name]) for title, name in names.items()}}
            for row in counted.order_by("group", "group_id")
        ]


@register
class LossReasons(Report):
    """Why deals were lost."""

    name = "loss-reasons"
    title = _("Loss reasons")
    description = _("Why deals were lost in the period, and what was lost, at the rates of the day of each loss.")
    scope = "sales"
    model = Opportunity
    form = ClosedForm
    columns = (
        Column("reason_id", _("id of the reason"), Kind.ID),
        Column("reason", _("reason")),
        Column("deals", _("deals"), Kind.NUMBER, is_summed=True),
        Column("share", _("share"), Kind.PERCENT),
        Column("amount", _("amount"), Kind.MONEY, is_summed=True),
        WITHOUT_RATE,
    )
    chart = Chart("reason", ("deals",))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each reason, the most frequent first."""
        by_reason = decided(user, wanted).filter(LOST).values("lost_reason_id", "lost_reason__name")
        counted = by_reason.annotate(deals=Count("pk"), total=total("reporting_amount"), without_rate=without_rate())
        found = list(counted.order_by("-deals", "lost_reason__name"))
        whole = sum(row["deals"] for row in found)
        lookups = {f"{name}": value.isoformat() for name, value in between("closed_at", wanted).items()}
        return [
            {
                **row,
                "reason_id": row["lost_reason_id"],
                "reason": row["lost_reason__name"],
                "share": percent(row["deals"], whole),
                "amount": row["total"],
                "list": listed(Opportunity, wanted, lost_reason__id__exact=row["lost_reason_id"], **lookups),
            }
            for row in found
        ]

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the deals that were lost for the reason."""
        return str(row["list"])


def days(length: datetime.timedelta | None) -> float | None:
    """Return a length of time in days, to the hundredth."""
    return None if length is None else round(length.total_seconds() / DAY, 2)
