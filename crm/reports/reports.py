"""What a report is; an application writes the query, and the kit makes an operation, a page, a chart and CSV of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from crm.reports.forms import ReportForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from crm.models import Record, User


class Kind(StrEnum):
    """What stands in a column; an id is for programs only."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Column:
    """One column: its name in the API, its title, and what stands in it; the page shows the total of a summed one."""

    name: str
    title: Any
    kind: Kind = Kind.TEXT
    is_summed: bool = False
    may_be_null: bool = False


@dataclass(frozen=True)
class Chart:
    """How the rows are drawn: `series` are columns over the values of `labels`, or one column split by another's."""

    labels: str
    series: tuple[str, ...]
    split: str = ""
    is_line: bool = False
    is_stacked: bool = False


class Report:
    """Figures about one kind of record; `rows` is one SQL query over what the user may see."""

    name: ClassVar[str]
    title: ClassVar[Any]
    description: ClassVar[Any]
    scope: ClassVar[str]
    model: ClassVar[type[Record]]
    form: ClassVar[type[ReportForm]] = ReportForm
    columns: ClassVar[tuple[Column, ...]]
    chart: ClassVar[Chart | None] = None

    def asked(self, params: Mapping[str, Any], user: User) -> ReportForm:
        """Return the form as it was sent, which offers what its reader sees."""
        form = self.form(params)
        form.read_by(user)
        return form

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a mapping by column for each row, as the cleaned form `wanted` asks for."""
        raise NotImplementedError

    def link(self, row: Mapping[str, Any]) -> str:
        """Return the address of the list in the staff site that a row counts; empty where there is none."""
        return ""

    def totals(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal | int]:
        """Return the sums of the columns that can be summed."""
        found: dict[str, Decimal | int] = {column.name: 0 for column in self.columns if column.is_summed}
        for row in rows:
            for name in found:
                found[name] += row[name] or 0
        return found


REPORTS: dict[str, Report] = {}


def register[R: type[Report]](kind: R) -> R:
    """Offer a report; applications import theirs in `AppConfig.ready`."""
    REPORTS[kind.name] = kind()
    return kind


def visible_to(user: User) -> list[Report]:
    """Return the reports about records of which somebody may see any."""
    return [report for report in REPORTS.values() if user.view_level(report.model) is not None]
