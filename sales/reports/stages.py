"""How deals pass the stages: how many move on from each, and how long they stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Avg, Count, F, Q
from django.utils.translation import gettext_lazy as _

from crm.reports.figures import percent
from crm.reports.forms import PeriodForm, between
from crm.reports.reports import Chart, Column, Kind, Report, register
from sales.models import Opportunity, StageChange
from sales.reports.figures import DealsForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User

DAY: Final = 86_400
SAME: Final = Q(to_stage__pipeline=F("from_stage__pipeline"))
LATER: Final = Q(to_stage__order__gt=F("from_stage__order")) | Q(
    to_stage__order=F("from_stage__order"), to_stage__gt=F("from_stage")
)
FORWARD: Final = Q(to_stage__kind="won") | Q(SAME, LATER, to_stage__kind="open")
BACK: Final = Q(SAME, ~LATER, to_stage__kind="open")
LOST: Final = Q(to_stage__kind="lost")
ELSEWHERE: Final = Q(~SAME, to_stage__kind="open")


class StagesForm(PeriodForm, DealsForm):
    """When deals left the stages, whose deals, and which pipeline."""


@register
class StageConversion(Report):
    """How many deals move on from each stage, and after how long."""

    name = "stage-conversion"
    title = _("Conversion and velocity by stage")
    description = _(
        "Each time that a deal left an open stage in the period: whether it moved on, went back, was lost or went to"
        " another pipeline, and how many days it had been there. The conversion is the share that moved on."
    )
    scope = "sales"
    model = Opportunity
    form = StagesForm
    columns = (
        Column("stage_id", _("id of the stage"), Kind.ID),
        Column("stage", _("stage")),
        Column("pipeline", _("pipeline")),
        Column("left", _("times left"), Kind.NUMBER, is_summed=True),
        Column("forward", _("moved on"), Kind.NUMBER, is_summed=True),
        Column("back", _("went back"), Kind.NUMBER, is_summed=True),
        Column("lost", _("lost"), Kind.NUMBER, is_summed=True),
        Column("elsewhere", _("to another pipeline"), Kind.NUMBER, is_summed=True),
        Column("conversion", _("conversion"), Kind.PERCENT),
        Column("days", _("average days in stage"), Kind.DAYS),
    )
    chart = Chart("stage", ("conversion", "days"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each open stage that deals left, in the order of the pipeline."""
        changes = StageChange.objects.visible_to(user).filter(**between("changed_at", wanted), from_stage__kind="open")
        for name in ("owner", "team"):
            if wanted.get(name):
                changes = changes.filter(**{f"opportunity__{name}": wanted[name]})
        if wanted.get("pipeline"):
            changes = changes.filter(from_stage__pipeline=wanted["pipeline"])
        by_stage = changes.values(
            "from_stage_id", "from_stage__name", "from_stage__order", "from_stage__pipeline__name"
        )
        counted = by_stage.annotate(
            left=Count("pk"),
            forward=Count("pk", filter=FORWARD),
            back=Count("pk", filter=BACK),
            lost=Count("pk", filter=LOST),
            elsewhere=Count("pk", filter=ELSEWHERE),
            stay=Avg("seconds"),
        )
        ordered = counted.order_by("from_stage__pipeline__name", "from_stage__order", "from_stage_id")
        return [
            {
                **row,
                "stage_id": row["from_stage_id"],
                "stage": row["from_stage__name"],
                "pipeline": row["from_stage__pipeline__name"],
                "conversion": percent(row["forward"], row["left"]),
                "days": round(float(row["stay"]) / DAY, 2),
            }
            for row in ordered
        ]
