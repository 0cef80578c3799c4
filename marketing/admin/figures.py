"""The figures of a campaign as tables and charts, the same on the page and in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from crm.admin.home import chart
from crm.admin.reports import as_lines, cells, drawing, headings
from crm.reports.figures import percent
from crm.reports.reports import Chart, Column, Kind
from marketing.models import CampaignMember
from marketing.results import BY_HOUR, PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from marketing.models import Campaign

NUMBER, MONEY, PERCENT = Kind.NUMBER, Kind.MONEY, Kind.PERCENT
WAY: Final = ("members", "sent", "delivered", "bounced", "opened", "clicked", "replied", "leads", "deals", "won")
BESIDE: Final = ("unconfirmed", "unsubscribed", "complained")
DRAWN: Final = ("members", "delivered", "opened", "clicked", "replied", "leads", "deals", "won")
FUNNEL: Final = (
    Column("step", _("step")),
    Column("number", _("number"), NUMBER),
    Column("rate", _("share"), PERCENT, may_be_null=True),
    Column("whole", _("of")),
)
LINKS: Final = (
    Column("url", _("link")),
    Column("clicks", _("clicks"), NUMBER),
    Column("customers", _("people"), NUMBER),
    Column("share", _("of those who clicked"), PERCENT, may_be_null=True),
)
VARIANTS: Final = (
    Column("subject", _("subject")),
    Column("sent", _("sent"), NUMBER),
    Column("delivered", _("delivered"), NUMBER),
    Column("opened", _("opened"), NUMBER),
    Column("open_rate", _("open rate"), PERCENT, may_be_null=True),
    Column("clicked", _("clicked"), NUMBER),
    Column("click_rate", _("click rate"), PERCENT, may_be_null=True),
    Column("winner", _("winner")),
)
COST: Final = (
    Column("cost", _("cost"), MONEY, may_be_null=True),
    Column("leads", _("leads"), NUMBER),
    Column("cost_per_lead", _("cost per lead"), MONEY, may_be_null=True),
    Column("deals", _("deals"), NUMBER),
    Column("won", _("deals won"), NUMBER),
)
OWED: Final = (
    Column("way", _("owed to")),
    Column("pipeline", _("open deals"), MONEY),
    Column("won", _("amount won"), MONEY),
    Column("roi", _("return on cost"), PERCENT, may_be_null=True),
)
SKIPPED: Final = (Column("reason", _("reason")), Column("number", _("number"), NUMBER))


@dataclass(frozen=True)
class Table:
    """A table: what it is called, its columns and its rows, of which one may lead somewhere."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]

    def shown(self) -> dict[str, Any]:
        """Return it as the template takes it."""
        lines = [{"link": row.get("link", ""), "cells": cells(self.columns, row)} for row in self.rows]
        return {"name": self.name, "caption": self.caption, "columns": headings(self.columns), "lines": lines}

    def lines(self) -> list[list[Any]]:
        """Return it as the file has it."""
        return [[self.caption], *as_lines(self.columns, self.rows)]


def step_names() -> dict[str, str]:
    """Return what the steps of the funnel are called."""
    return {
        "members": gettext("members"),
        "sent": pgettext("message", "sent"),
        "delivered": gettext("delivered"),
        "bounced": gettext("bounced"),
        "opened": gettext("opened"),
        "clicked": gettext("clicked"),
        "replied": gettext("replied"),
        "leads": gettext("leads"),
        "deals": gettext("deals"),
        "won": gettext("deals won"),
        "unconfirmed": gettext("sent, not confirmed"),
        "unsubscribed": gettext("unsubscribed"),
        "complained": gettext("complained"),
    }


def tables(campaign: Campaign, found: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the tables that have something to say."""
    yield Table("funnel", gettext("How many came how far"), FUNNEL, list(funnel_rows(campaign, found)))
    if found["variants"]:
        yield Table("variants", gettext("The two subjects"), VARIANTS, variant_rows(found["variants"]))
    if found["links"]:
        yield Table("links", gettext("Clicks by link"), LINKS, link_rows(found))
    if returns := found["returns"]:
        yield Table("cost", gettext("Cost and leads (%s)") % returns["currency"], COST, [returns])
        yield Table("owed", gettext("What it is owed of deals (%s)") % returns["currency"], OWED, owed_rows(returns))
    if found["reasons"]:
        reasons = dict(CampaignMember.Reason.choices)
        rows = [{"reason": reasons[name], "number": number} for name, number in found["reasons"].items()]
        yield Table("skipped", gettext("Why nothing was sent"), SKIPPED, rows)


def steps(found: Mapping[str, Any]) -> dict[str, int]:
    """Return how many came to each step, also to those of sales, where the reader sees them."""
    returns = found["returns"] or {}
    sold = {name: returns[name] for name in ("leads", "deals", "won") if name in returns}
    return {"members": found["members"], **found["funnel"], **sold}


def funnel_rows(campaign: Campaign, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the steps in their order; beside the way, only those to which somebody came."""
    came, names = steps(found), step_names()
    wholes = {**PARTS, "deals": "leads", "won": "deals"}
    for name in [*WAY, *(name for name in BESIDE if came[name])]:
        if name not in came:
            continue
        whole = wholes.get(name)
        row = {"step": capfirst(names[name]), "number": came[name], "rate": None, "whole": ""}
        if whole:
            row |= {"rate": percent(came[name], came[whole]), "whole": names[whole]}
        yield row | ({"link": members_list(campaign)} if name == "members" else {})


def members_list(campaign: Campaign) -> str:
    """Return the address of the list of the campaign's members."""
    return f"{reverse('admin:marketing_campaignmember_changelist')}?campaign__id__exact={campaign.pk}"


def variant_rows(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the two subjects side by side."""
    winner = gettext("winner")
    return [
        {**one, "subject": f"{one['variant'].upper()}: {one['subject']}", "winner": winner if one["is_winner"] else ""}
        for one in found
    ]


def link_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the links, with the share of those who clicked that followed each."""
    clicked = found["funnel"]["clicked"]
    return [{**one, "share": percent(one["customers"], clicked)} for one in found["links"]]


def owed_rows(returns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the campaign is owed by each way to count."""
    ways = {
        "first": gettext("the first campaign"),
        "last": gettext("the last campaign"),
        "linear": gettext("all in equal parts"),
    }
    return [{**one, "way": ways[one["touch"]]} for one in returns["owed"]]


def charts(campaign: Campaign, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the funnel as bars, and when messages were opened and links followed as lines."""
    came, names = steps(found), step_names()
    drawn = [name for name in DRAWN if name in came]
    title = gettext("How many came how far")
    bars = chart([capfirst(names[name]) for name in drawn], {gettext("number"): [float(came[name]) for name in drawn]})
    yield {"title": title, "data": bars, "is_line": False, "options": ""}
    if rows := found["course"]:
        times = [moment(row["at"], rows) for row in rows]
        series = {capfirst(names[name]): [float(row[name]) for row in rows] for name in ("opened", "clicked")}
        how = drawing(Chart("at", ("opened", "clicked"), is_line=True))
        yield {"title": gettext("When"), "data": chart(times, series), "is_line": True, "options": how}


def moment(at: Any, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the hour or the day of a point of the line."""
    local = timezone.localtime(at)
    is_by_hour = len(rows) > 1 and rows[1]["at"] - rows[0]["at"] < BY_HOUR / 2
    return date_format(local, "TIME_FORMAT") if is_by_hour or len(rows) == 1 else date_format(local, "MONTH_DAY_FORMAT")
