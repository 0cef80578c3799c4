"""What hangs on tickets: how much is written, and how satisfied customers were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, Q
from django.utils.translation import gettext_lazy as _

from crm.reports.figures import GROUP, GROUP_ID, percent
from crm.reports.forms import between
from crm.reports.reports import Chart, Column, Kind, register
from service.models import SurveyAnswer, TicketMessage
from service.reports.figures import ServiceReport, TicketsForm, VolumeForm, in_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User


def through_ticket(rows: Any, wanted: Mapping[str, Any], moment: str) -> Any:
    """Return what hangs on tickets, of the period and the queue that are asked for."""
    queue = {"ticket__queue": wanted["queue"]} if wanted.get("queue") else {}
    return rows.filter(**between(moment, wanted), **queue)


@register
class Volume(ServiceReport):
    """How much is written."""

    name = "ticket-volume"
    title = _("Messages in and out")
    description = _("Messages of customers and replies to them in the period.")
    form = VolumeForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("received", _("from customers"), Kind.NUMBER, is_summed=True),
        Column("replies", _("replies"), Kind.NUMBER, is_summed=True),
    )
    chart = Chart("group", ("received", "replies"), is_line=True)

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group in which something was written."""
        chosen = through_ticket(TicketMessage.objects.visible_to(user).exclude(kind="note"), wanted, "written_at")
        found = in_groups(chosen, wanted.get("by") or "day", "written_at", "ticket__").annotate(
            received=Count("pk", filter=Q(kind="customer")), replies=Count("pk", filter=Q(kind="reply"))
        )
        return list(found.order_by("group", "group_id"))


@register
class Satisfaction(ServiceReport):
    """How satisfied customers were."""

    name = "satisfaction"
    title = _("Satisfaction")
    description = _("Answers to the survey in the period: their average from 1 to 5, and the share of 4 and 5.")
    form = TicketsForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("answers", _("answers"), Kind.NUMBER, is_summed=True),
        Column("satisfied", _("satisfied"), Kind.NUMBER, is_summed=True),
        Column("satisfied_rate", _("satisfied, share"), Kind.PERCENT),
        Column("average", _("average score"), Kind.DAYS),
    )
    chart = Chart("group", ("satisfied_rate",))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group that was judged."""
        chosen = through_ticket(SurveyAnswer.objects.visible_to(user), wanted, "answered_at")
        found = in_groups(chosen, wanted.get("by") or "month", "answered_at", "ticket__").annotate(
            answers=Count("pk"), satisfied=Count("pk", filter=Q(score__gte=4)), average=Avg("score")
        )
        return [
            {**row, "satisfied_rate": percent(row["satisfied"], row["answers"]), "average": float(row["average"])}
            for row in found.order_by("group", "group_id")
        ]
