"""What tickets come to: the backlog, how long customers waited, and what was kept of the promises."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDay
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.reports.figures import GROUP, GROUP_ID, percent
from crm.reports.forms import between
from crm.reports.reports import Chart, Column, Kind, register
from service.models import ACTIVE, DONE
from service.reports.figures import (
    BacklogForm,
    Percentile,
    ServiceReport,
    TicketsForm,
    hours,
    in_groups,
    listed,
    opened,
    tickets,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crm.models import User


# Bands of age: what they are called, and from how many days to how many.
AGES: Final = (
    ("under_1_day", _("under 1 day"), 0, 1),
    ("days_1_to_3", _("1 to 3 days"), 1, 3),
    ("days_3_to_7", _("3 to 7 days"), 3, 7),
    ("days_7_to_30", _("7 to 30 days"), 7, 30),
    ("over_30_days", _("over 30 days"), 30, 0),
)


@register
class Backlog(ServiceReport):
    """What is still to be resolved."""

    name = "ticket-backlog"
    title = _("Backlog of tickets")
    description = _(
        "Tickets that are not resolved yet: how many, how many nobody has or are late, how old they are, and the"
        " oldest."
    )
    form = BacklogForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("tickets", _("tickets"), Kind.NUMBER, is_summed=True),
        Column("unassigned", _("nobody's"), Kind.NUMBER, is_summed=True),
        Column("late", _("late"), Kind.NUMBER, is_summed=True),
        *(Column(name, title, Kind.NUMBER, is_summed=True) for name, title, _least, _most in AGES),
        Column("oldest", _("oldest opened on"), Kind.DAY),
    )
    chart = Chart("group", ("tickets", "late"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group that has open tickets."""
        late = Q(first_response_breached_at__isnull=False) | Q(resolution_breached_at__isnull=False)
        by = wanted.get("by") or "queue"
        found = in_groups(tickets(user, wanted).active(), by, "opened_at").annotate(
            tickets=Count("pk"),
            unassigned=Count("pk", filter=Q(assignee__isnull=True)),
            late=Count("pk", filter=late),
            oldest=Min(TruncDay("opened_at")),
            **ages(timezone.now()),
        )
        active = {"status__in": ",".join(ACTIVE)}
        return [
            {**row, "oldest": row["oldest"].date(), **listed(row, by, wanted, **active)}
            for row in found.order_by("group", "group_id")
        ]


def ages(now: datetime) -> dict[str, Any]:
    """Return the counts of tickets by how long ago they were opened; of a band, its least age belongs to it."""
    counts = {}
    for name, _title, least, most in AGES:
        band = Q(opened_at__gt=now - timedelta(days=most)) if most else Q()
        counts[name] = Count("pk", filter=band & Q(opened_at__lte=now - timedelta(days=least)) if least else band)
    return counts


@register
class Times(ServiceReport):
    """How long customers waited."""

    name = "ticket-times"
    title = _("Time to answer and to resolve")
    description = _(
        "Of the tickets opened in the period: hours by the wall clock, and minutes of business time, until the first"
        " reply and until they were resolved; half, 90 and 95 in a hundred took no longer."
    )
    form = TicketsForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("answered", _("answered"), Kind.NUMBER, is_summed=True),
        Column("response_p50", _("first reply, median"), Kind.HOURS, may_be_null=True),
        Column("response_p90", _("first reply, 90 %"), Kind.HOURS, may_be_null=True),
        Column("response_p95", _("first reply, 95 %"), Kind.HOURS, may_be_null=True),
        Column("response_minutes_p50", _("first reply, median in business minutes"), Kind.MINUTES, may_be_null=True),
        Column("response_minutes_p90", _("first reply, 90 % in business minutes"), Kind.MINUTES, may_be_null=True),
        Column("resolved", _("resolved"), Kind.NUMBER, is_summed=True),
        Column("resolution_p50", _("resolved, median"), Kind.HOURS, may_be_null=True),
        Column("resolution_p90", _("resolved, 90 %"), Kind.HOURS, may_be_null=True),
        Column("resolution_p95", _("resolved, 95 %"), Kind.HOURS, may_be_null=True),
        Column("resolution_minutes_p50", _("resolved, median in business minutes"), Kind.MINUTES, may_be_null=True),
        Column("resolution_minutes_p90", _("resolved, 90 % in business minutes"), Kind.MINUTES, may_be_null=True),
        Column("reopened", _("reopened"), Kind.NUMBER, is_summed=True),
        Column("reopen_rate", _("reopen rate"), Kind.PERCENT, may_be_null=True),
    )
    chart = Chart("group", ("response_p50", "resolution_p50"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group in which tickets were opened."""
        chosen = tickets(user, wanted).filter(**between("opened_at", wanted))
        done, again = Q(status__in=DONE), Q(reopened__gt=0)
        shares = (50, 90, 95)
        response = {f"response_p{n}": Percentile(hours("first_replied_at"), n / 100) for n in shares}
        resolution = {f"resolution_p{n}": Percentile(hours("resolved_at"), n / 100, filter=done) for n in shares}
        business = {
            f"{name}_minutes_p{n}": Percentile(f"{clock}_minutes", n / 100, filter=only)
            for name, clock, only in (("response", "first_response", None), ("resolution", "resolution", done))
            for n in shares[:2]
        }
        by = wanted.get("by") or "month"
        found = in_groups(chosen, by, "opened_at").annotate(
            answered=Count("first_replied_at"),
            resolved=Count("pk", filter=done),
            ever=Count("pk", filter=done | again),
            reopened=Count("pk", filter=again),
            **response,
            **resolution,
            **business,
        )
        return [
            {**row, "reopen_rate": percent(row["reopened"], row["ever"]), **listed(row, by, wanted, **opened(wanted))}
            for row in found.order_by("group", "group_id")
        ]


@register
class Attainment(ServiceReport):
    """How often what was promised was kept."""

    name = "sla-attainment"
    title = _("Targets met")
    description = _("Of the tickets opened in the period that have a target: how many met it and how many missed it.")
    form = TicketsForm
    columns = (
        GROUP_ID,
        GROUP,
        Column("response_met", _("first response met"), Kind.NUMBER, is_summed=True),
        Column("response_missed", _("first response missed"), Kind.NUMBER, is_summed=True),
        Column("response_rate", _("first response, met"), Kind.PERCENT, may_be_null=True),
        Column("resolution_met", _("resolution met"), Kind.NUMBER, is_summed=True),
        Column("resolution_missed", _("resolution missed"), Kind.NUMBER, is_summed=True),
        Column("resolution_rate", _("resolution, met"), Kind.PERCENT, may_be_null=True),
    )
    chart = Chart("group", ("response_rate", "resolution_rate"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each group in which tickets were opened."""
        chosen = tickets(user, wanted).filter(**between("opened_at", wanted))
        stopped = {"response": Q(first_replied_at__isnull=False), "resolution": Q(status__in=DONE)}
        counts: dict[str, Any] = {}
        for name, clock in (("response", "first_response"), ("resolution", "resolution")):
            promised, kept = Q(**{f"{clock}_target__gt": 0}), Q(**{f"{clock}_breached_at__isnull": True})
            counts[f"{name}_met"] = Count("pk", filter=promised & kept & stopped[name])
            counts[f"{name}_missed"] = Count("pk", filter=promised & ~kept)
        by = wanted.get("by") or "month"
        found = in_groups(chosen, by, "opened_at").annotate(**counts)
        return [
            {**row, **rates(row), **listed(row, by, wanted, **opened(wanted))}
            for row in found.order_by("group", "group_id")
        ]


def rates(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the share of the targets that were met."""
    names = ("response", "resolution")
    return {f"{n}_rate": percent(row[f"{n}_met"], row[f"{n}_met"] + row[f"{n}_missed"]) for n in names}
