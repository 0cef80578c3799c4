"""Reports in the staff site: their list, and each with its form, its chart, its table and CSV."""

from __future__ import annotations

import csv
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.admin.home import chart
from crm.admin.site import add_to_top, staff
from crm.api.export import FORMULA
from crm.reports.reports import Kind, visible_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.http import HttpRequest

    from crm.reports.reports import Chart, Column, Report

DECIMALS: Final = {Kind.NUMBER: 0, Kind.MONEY: 2, Kind.PERCENT: 1, Kind.DAYS: 1, Kind.HOURS: 1, Kind.MINUTES: 1}
NOTHING: Final = "–"


def reports(request: HttpRequest) -> HttpResponse:
    """Show which reports there are for the colleague who is signed in."""
    return page(request, "admin/reports/reports.html", title=_("Reports"), reports=visible_to(staff(request)))


def report(request: HttpRequest, name: str) -> HttpResponse:
    """Show one report, or answer it as CSV."""
    one = next((one for one in visible_to(staff(request)) if one.name == name), None)
    if one is None:
        raise Http404
    form = one.asked(request.GET, staff(request))
    rows = list(one.rows(staff(request), form.cleaned_data)) if form.is_valid() else []
    if "csv" in request.GET and form.is_valid():
        return as_csv(one, rows)
    query = request.GET.copy()
    query["csv"] = "1"
    return page(
        request,
        "admin/reports/report.html",
        title=one.title,
        report=one,
        form=form,
        **table(one, rows),
        chart=drawn(one.chart, rows, one.columns) if one.chart and rows else "",
        options=drawing(one.chart),
        csv=f"?{query.urlencode()}",
    )


def page(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    """Return a page in the frame of the staff site."""
    from django.contrib import admin

    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})


def table(one: Report, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table as the page shows it, with the totals where there are several rows."""
    columns = [column for column in one.columns if column.kind is not Kind.ID]
    totals: Mapping[str, Any] = one.totals(rows) if len(rows) > 1 else {}
    return {
        "columns": headings(columns),
        "lines": [{"link": one.link(row), "cells": cells(columns, row)} for row in rows],
        "totals": cells(columns, totals) if totals else None,
    }


def headings(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the titles of columns as the template of tables takes them."""
    return [{"title": column.title, "is_number": column.kind in DECIMALS} for column in columns]


def cells(columns: Sequence[Column], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what stands in a line of the table; nothing in columns that the row lacks."""
    return [
        {
            "text": shown(column, row[column.name]) if column.name in row else "",
            "title": column.title,
            "is_number": column.kind in DECIMALS,
        }
        for column in columns
    ]


def shown(column: Column, value: Any) -> str:
    """Return a value as people of the active language read it."""
    if value is None or value == "":
        return NOTHING
    if column.kind in DECIMALS:
        places = DECIMALS[column.kind]
        exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        text = number_format(exact, places, force_grouping=True)
        return f"{text} %" if column.kind is Kind.PERCENT else text
    if column.kind is Kind.MONTH:
        return date_format(value, "YEAR_MONTH_FORMAT")
    return date_format(value, "SHORT_DATE_FORMAT") if column.kind is Kind.DAY else str(value)


def drawn(how: Chart, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Return the chart's data; a column that splits another makes a series of each of its values."""
    known = {column.name: column for column in columns}
    labels = list(dict.fromkeys(shown(known[how.labels], row[how.labels]) for row in rows))
    series: dict[str, dict[str, float]] = {}
    for row in rows:
        for name in how.series:
            title = shown(known[how.split], row[how.split]) if how.split else str(known[name].title)
            at = shown(known[how.labels], row[how.labels])
            values = series.setdefault(title, dict.fromkeys(labels, 0.0))
            values[at] += float(row[name] or 0)
    return chart(labels, {title: list(values.values()) for title, values in series.items()})


def drawing(how: Chart | None) -> str:
    """Return how the chart is drawn, where unfold's own way, with one series and no legend, does not do."""
    if how is None or not (how.split or len(how.series) > 1):
        return ""
    grid = {"grid": {"display": False}, "stacked": how.is_stacked}
    legend = {"align": "end", "labels": {"usePointStyle": True, "boxHeight": 6}}
    scales = {"x": grid, "y": {"beginAtZero": True, "stacked": how.is_stacked}}
    return json.dumps({"maintainAspectRatio": False, "plugins": {"legend": legend}, "scales": scales})


def as_csv(one: Report, rows: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """Answer the rows of a report as a file for spreadsheets."""
    columns = [column for column in one.columns if column.kind is not Kind.ID]
    return csv_file(one.name, [as_lines(columns, rows)])


def as_lines(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Return the lines of a table, its titles first."""
    titles = [str(column.title) for column in columns]
    return [titles, *([row.get(column.name) for column in columns] for row in rows)]


def csv_file(name: str, tables: Iterable[Iterable[Sequence[Any]]]) -> HttpResponse:
    """Answer tables as a file for spreadsheets, an empty line between two; no cell is a formula."""
    answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    lines = csv.writer(answer)
    for place, table in enumerate(tables):
        lines.writerows([[]] * bool(place))
        lines.writerows(map(harmless, line) for line in table)
    return answer


def harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236)."""
    return re.sub(FORMULA, r"'\1", value) if isinstance(value, str) else value


@add_to_top
def entry(request: HttpRequest) -> dict[str, Any]:
    """Return the line in the sidebar."""
    return {
        "title": gettext_lazy("Reports"),
        "icon": "bar_chart",
        "link": reverse("reports"),
        "active": request.path.startswith(reverse("reports")),
        "permission": lambda asking: bool(visible_to(staff(asking))),
    }
