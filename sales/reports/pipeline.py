"""What is open: by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F
from django.utils.translation import gettext_lazy as _

from crm.reports.reports import Chart, Column, Kind, Report, register
from sales.models import Opportunity
from sales.reports.figures import WITHOUT_RATE, DealsForm, deals, listed, total, weighted, without_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User


@register
class PipelineByStage(Report):
    """Open deals by their stage."""

    name = "pipeline"
    title = _("Pipeline by stage")
    description = _(
        "Open deals by stage: how many, what they are worth in the reporting currency at today's rates, and weighted by"
        " how likely each is to be won."
    )
    scope = "sales"
    model = Opportunity
    form = DealsForm
    columns = (
        Column("stage_id", _("id of the stage"), Kind.ID),
        Column("stage", _("stage")),
        Column("pipeline", _("pipeline")),
        Column("deals", _("deals"), Kind.NUMBER, is_summed=True),
        Column("amount", _("amount"), Kind.MONEY, is_summed=True),
        Column("weighted", _("weighted amount"), Kind.MONEY, is_summed=True),
        WITHOUT_RATE,
    )
    chart = Chart("stage", ("amount", "weighted"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each stage that has open deals, in the order of the pipeline."""
        by_stage = deals(user, wanted).open().values("stage_id", "stage__name", "pipeline__name", "stage__order")
        counted = by_stage.annotate(
            deals=Count("pk"), total=total("reporting_amount"), likely=total(weighted()), without_rate=without_rate()
        )
        ordered = counted.order_by(F("pipeline__name"), "stage__order", "stage_id")
        return [{**row, **self.named(row, wanted)} for row in ordered]

    def named(self, row: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return what stands in the columns, and the list that a row counts."""
        lookups = {"stage__id__exact": row["stage_id"], "status__exact": "open"}
        return {
            "stage": row["stage__name"],
            "pipeline": row["pipeline__name"],
            "amount": row["total"],
            "weighted": row["likely"],
            "list": listed(Opportunity, wanted, **lookups),
        }

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the open deals in the stage."""
        return str(row["list"])
