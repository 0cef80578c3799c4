"""What will be won, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Case, Count, DateField, F, Q, Value, When
from django.db.models.functions import Greatest, TruncDate, TruncMonth
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.days import day_after, midnight, months_ago
from crm.reports.figures import GROUP, GROUP_ID
from crm.reports.forms import PeriodForm
from crm.reports.reports import Chart, Column, Kind, Report, register
from sales.models import Opportunity
from sales.reports.figures import (
    WITHOUT_RATE,
    DealsForm,
    deals,
    grouped,
    grouping,
    listed,
    total,
    weighted,
    without_rate,
)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from crm.models import User

QUARTER: Final = 3


class ForecastForm(PeriodForm, DealsForm):
    """The months, whose deals, and by what they are grouped; from this quarter on where no period is given."""

    by = grouping("owner", "team", "pipeline")

    def clean(self) -> dict[str, Any]:
        """Begin with this quarter unless a period is given."""
        cleaned = super().clean()
        if not self.data.get("since") and not self.data.get("until"):
            cleaned["since"] = quarter_of(timezone.localdate())
        return cleaned


@register
class Forecast(Report):
    """What is won and what is expected, by month and category."""

    name = "forecast"
    title = _("Forecast")
    description = _(
        "What was won in each month, and what open deals should bring, by their category. An open deal counts in the"
        " month of its expected close, one that is overdue in this month; omitted deals do not count. The forecasts add"
        " up: commit is closed and commit, best case is that and best case, the whole is all. Weighted is closed and"
        " what each open deal is worth by its likelihood."
    )
    scope = "sales"
    model = Opportunity
    form = ForecastForm
    columns = (
        Column("month", _("month"), Kind.MONTH),
        GROUP_ID,
        GROUP,
        Column("deals", _("deals"), Kind.NUMBER, is_summed=True),
        Column("closed", _("closed"), Kind.MONEY, is_summed=True),
        Column("commit", _("commit"), Kind.MONEY, is_summed=True),
        Column("best_case", _("best case"), Kind.MONEY, is_summed=True),
        Column("pipeline", _("pipeline"), Kind.MONEY, is_summed=True),
        Column("commit_forecast", _("commit forecast"), Kind.MONEY, is_summed=True),
        Column("best_case_forecast", _("best case forecast"), Kind.MONEY, is_summed=True),
        Column("whole_forecast", _("whole forecast"), Kind.MONEY, is_summed=True),
        Column("weighted", _("weighted forecast"), Kind.MONEY, is_summed=True),
        WITHOUT_RATE,
    )
    chart = Chart("month", ("closed", "commit", "best_case", "pipeline"), is_stacked=True)

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each month and group in which something was won or should be."""
        chosen = counting(deals(user, wanted), wanted)
        sums = {
            f"in_{name}": total("reporting_amount", Q(forecast_category=name))
            for name in ("closed", "commit", "best_case", "pipeline")
        }
        by_group = grouped(chosen, wanted.get("by") or "").values("month", "group", "group_id")
        counted = by_group.annotate(deals=Count("pk"), likely=total(weighted()), without_rate=without_rate(), **sums)
        return [{**row, **rolled_up(row, wanted)} for row in counted.order_by("month", "group", "group_id")]

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the open deals that are expected in the month."""
        return str(row["list"])


def counting(chosen: Any, wanted: Mapping[str, Any]) -> Any:
    """Keep the deals that count in the period, each with its `month`."""
    today = timezone.localdate()
    day = Case(
        When(status="won", then=TruncDate("closed_at")),
        default=Greatest(F("expected_close_on"), Value(today, output_field=DateField())),
        output_field=DateField(),
    )
    chosen = chosen.exclude(status="lost").exclude(forecast_category="omitted")
    won, still_open = Q(status="won"), Q(status="open")
    if since := wanted.get("since"):
        won &= Q(closed_at__gte=midnight(since))
        still_open &= Q(expected_close_on__gte=since) if since > today else Q()
    if until := wanted.get("until"):
        won &= Q(closed_at__lt=midnight(day_after(until)))
        still_open &= Q(expected_close_on__lte=until) if until >= today else Q(pk__in=[])
    return chosen.filter(won | still_open).annotate(month=TruncMonth(day, output_field=DateField()))


def rolled_up(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the categories, what they add up to, and the list of the open deals."""
    closed, commit, best_case, pipeline = (row[f"in_{name}"] for name in ("closed", "commit", "best_case", "pipeline"))
    return {
        "closed": closed,
        "commit": commit,
        "best_case": best_case,
        "pipeline": pipeline,
        "commit_forecast": closed + commit,
        "best_case_forecast": closed + commit + best_case,
        "whole_forecast": closed + commit + best_case + pipeline,
        "weighted": row["likely"],
        "list": expected(row, wanted),
    }


def expected(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return the address of the open deals that count in the month of a row."""
    first, today = row["month"], timezone.localdate()
    following = months_ago(first, -1)
    if following <= today:
        return ""
    by, lookups = wanted.get("by"), {"status__exact": "open", "expected_close_on__lt": following}
    if first > today:
        lookups["expected_close_on__gte"] = first
    if by:
        lookups |= {f"{by}__id__exact": row["group_id"]} if row["group_id"] else {f"{by}__isnull": "True"}
    return listed(Opportunity, wanted, **lookups)


def quarter_of(day: datetime.date) -> datetime.date:
    """Return the first day of a day's quarter."""
    return day.replace(month=(day.month - 1) // QUARTER * QUARTER + 1, day=1)
