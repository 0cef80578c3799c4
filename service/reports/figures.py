"""What the reports about service have in common: what can be asked, and how tickets are grouped."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import Aggregate, CharField, F, FloatField, Func, UUIDField, Value
from django.db.models.functions import Coalesce, Extract, TruncDay, TruncMonth, TruncWeek
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminSelectWidget

from crm.days import day_after, midnight, months_ago
from crm.reports.forms import PeriodForm, ReportForm, between
from crm.reports.links import list_of
from crm.reports.reports import Report
from service.models import Queue, Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import User

TITLES: Final = {
    "day": _("day"),
    "week": _("week"),
    "month": _("month"),
    "queue": _("queue"),
    "agent": _("agent"),
    "customer": _("customer"),
    "priority": _("priority"),
    "channel": _("channel"),
}
NAMED: Final = {
    "queue": ("queue__name", "queue"),
    "agent": ("assignee__username", "assignee"),
    "customer": ("customer__name", "customer"),
    "priority": ("priority", ""),
    "channel": ("channel", ""),
}
TRUNCATED: Final = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}


class QueueForm(ReportForm):
    """Of which queue."""

    queue = forms.ModelChoiceField(
        Queue.objects.order_by("name"),
        required=False,
        empty_label=_("all queues"),
        label=_("Queue"),
        help_text=_("Only tickets of this queue."),
        widget=UnfoldAdminSelect2Widget,
    )


def grouping(*names: str) -> forms.ChoiceField:
    """Return the field that asks by what the rows are grouped; the first of these names unless it is said."""
    return forms.ChoiceField(
        choices=[("", "–"), *((name, TITLES[name]) for name in names)],
        required=False,
        label=_("By"),
        help_text=_("What the rows are grouped by."),
        widget=UnfoldAdminSelectWidget,
    )


class BacklogForm(QueueForm):
    """Of which queue, and by what; by queue unless said otherwise."""

    by = grouping("queue", "priority", "agent", "channel")


class TicketsForm(PeriodForm, QueueForm):
    """When, of which queue, and by what; by month unless said otherwise."""

    by = grouping("month", "queue", "agent", "customer", "channel")


class VolumeForm(PeriodForm, QueueForm):
    """When, of which queue, and by what; by day unless said otherwise."""

    by = grouping("day", "week", "month", "channel", "queue")


class Percentile(Aggregate):
    """The value below which a share of values lies, between two of them where it falls there."""

    function = "PERCENTILE_CONT"
    name = "Percentile"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)%(filter)s"

    def __init__(self, expression: Any, share: float, **options: Any) -> None:
        """Take the share as a number from 0 to 1."""
        super().__init__(expression, share=share, output_field=FloatField(), **options)


def in_groups(rows: Any, by: str, moment: str, through: str = "") -> Any:
    """Return rows grouped by a name of a ticket, or by the day, week or month of a moment."""
    if by in TRUNCATED:
        form = Value("YYYY-MM" if by == "month" else "YYYY-MM-DD")
        group: Any = Func(TRUNCATED[by](moment), form, function="to_char", output_field=CharField())
        key: Any = Value(None, output_field=UUIDField())
    else:
        name, own = NAMED[by]
        group = Coalesce(through + name, Value(""), output_field=CharField())
        key = F(through + own) if own else Value(None, output_field=UUIDField())
    return rows.order_by().annotate(group=group, group_id=key).values("group", "group_id")


def tickets(user: User, wanted: Mapping[str, Any]) -> Any:
    """Return the tickets that are asked for, as far as `user` may see them."""
    queue = {"queue": wanted["queue"]} if wanted.get("queue") else {}
    return Ticket.objects.visible_to(user).filter(merged_into__isnull=True, **queue)


def hours(moment: str) -> Any:
    """Return the hours from opening to a moment."""
    return Extract(F(moment) - F("opened_at"), "epoch", output_field=FloatField()) / Value(3600.0)


def listed(row: Mapping[str, Any], by: str, wanted: Mapping[str, Any], **lookups: Any) -> dict[str, str]:
    """Return the address of the tickets that a row of a group counts, as `list`."""
    if wanted.get("queue"):
        lookups["queue__id__exact"] = wanted["queue"].pk
    if by in TRUNCATED:
        lookups |= within(row["group"], wanted)
    elif (own := NAMED[by][1]) and row["group_id"]:
        lookups[f"{own}__id__exact"] = row["group_id"]
    elif own:
        lookups[f"{own}__isnull"] = "True"
    else:
        lookups[f"{by}__exact"] = row["group"]
    return {"list": list_of(Ticket, lookups)}


def within(group: str, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return the lookups of the tickets that were opened in a month, such as 2026-11, as far as the period goes."""
    first = datetime.date.fromisoformat(f"{group}-01")
    since = max(first, wanted.get("since") or first)
    until = months_ago(first, -1)
    last = min(until, day_after(wanted["until"])) if wanted.get("until") else until
    return {"opened_at__gte": midnight(since).isoformat(), "opened_at__lt": midnight(last).isoformat()}


def opened(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return the lookups of the tickets that were opened in the period."""
    known = {name: moment.isoformat() for name, moment in between("opened_at", wanted).items()}
    return {**known, "merged_into__isnull": "True"}


class ServiceReport(Report):
    """What the reports about service have in common."""

    scope = "service"
    model = Ticket

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the tickets that a row counts."""
        return str(row.get("list", ""))
