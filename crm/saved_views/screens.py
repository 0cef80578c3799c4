"""What the filters of a list's page are in the API, and what the API's parameters are on the page.

A page takes the parameters that none of its own filters stands for under their own names, after `api.`.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from unfold.utils import parse_date_str

from crm.api.filters import StrictBooleanFilter, read_names
from crm.days import midnight
from crm.saved_views.applying import check, narrow, ordering_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User
    from crm.querysets import RecordQuerySet

SENT: Final = "api."
ENDINGS: Final = ("__id__exact", "__exact")
DAYS: Final = {"_from": ("__gte", 0), "_to": ("__lt", 1)}
FLAGS: Final = {"1": "true", "0": "false"}
ENDLESS: Final = frozenset({"search", "fields"})


def in_api(viewset: Any, query: QueryDict, reader: User) -> tuple[dict[str, str], list[str]]:
    """Return the API's parameters for the filters of a page, and those filters that the API cannot say."""
    found: dict[str, str] = {}
    lost: list[str] = []
    for name, values in query.lists():
        if not any(values) and not name.startswith(SENT):
            continue
        said = translated(viewset, name, values)
        if said is None or said[0] in found or not is_taken(viewset, said, reader):
            lost.append(name)
        else:
            found[said[0]] = said[1]
    return found, lost


def translated(viewset: Any, name: str, values: list[str]) -> tuple[str, str] | None:
    """Return the parameter for one filter of a page; None for one that there is not in the API."""
    if name == "tags":
        return "tags__in", ",".join(values)
    if name == "o" or len(values) > 1:
        return None
    (value,) = values
    if name.startswith(SENT):
        return name.removeprefix(SENT), value
    if name == "q":
        return "search", value
    plain = next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
    known = viewset.filterset_class.base_filters
    for ending, (lookup, days) in DAYS.items():
        if name.endswith(ending) and f"{name.removesuffix(ending)}{lookup}" in known and (day := parse_date_str(value)):
            moment = midnight(day + datetime.timedelta(days=days))
            return f"{name.removesuffix(ending)}{lookup}", moment.isoformat()
    return plain, FLAGS.get(value, value) if isinstance(known.get(plain), StrictBooleanFilter) else value


def is_taken(viewset: Any, parameter: tuple[str, str], reader: User) -> bool:
    """Tell whether the list takes a parameter."""
    try:
        check(viewset, dict([parameter]), reader)
    except ValidationError:
        return False
    return True


def on_page(parameters: Mapping[str, str], own: Mapping[str, tuple[str, bool]]) -> QueryDict:
    """Return the query of a page for the API's parameters; `own` are its filters, and whether they are flags."""
    query = QueryDict(mutable=True)
    for name, value in parameters.items():
        filter_name, is_flag = own.get(name, ("", False))
        if name == "search":
            query["q"] = value
        elif name == "tags__in":
            query.setlist("tags", value.split(","))
        elif name == "fields":
            continue
        elif filter_name and value:
            query[filter_name] = {"true": "1", "false": "0"}.get(value, value) if is_flag else value
        else:
            query[SENT + name] = value
    return query


class Sent:
    """The API's parameters in the address of a page: those that its list takes, and those that it does not."""

    def __init__(self, viewset: Any, query: QueryDict, reader: User) -> None:
        """Judge each parameter for itself, so that one that is out of date leaves the others."""
        self.viewset = viewset
        self.reader = reader
        sent = {name.removeprefix(SENT): values[-1] for name, values in query.lists() if name.startswith(SENT)}
        self.taken = {
            name: value
            for name, value in sent.items()
            if viewset is not None and name not in ENDLESS and is_taken(viewset, (name, value), reader)
        }
        self.lost = {name: value for name, value in sent.items() if name not in self.taken}

    def applied(self, rows: RecordQuerySet, *, may_order: bool) -> RecordQuerySet:
        """Return the rows that the parameters keep, in their order where the page has not another."""
        if not self.taken:
            return rows
        found = narrow(self.viewset, rows, self.taken, self.reader)
        if may_order and "ordering" in self.taken:
            found = found.order_by(*ordering_of(self.viewset, self.taken, self.reader))
        return found


def columns_for(fields: str | None, columns: Iterable[Any]) -> tuple[list[str], list[str]]:
    """Return the columns of a page that show the fields of a view, and the fields that no column shows."""
    wanted = read_names(fields, "fields") or frozenset()
    shown = {column: field for column in map(name_of, columns) if (field := shown_by(column, wanted))}
    return list(shown), sorted(wanted - set(shown.values()) - {"id"})


def name_of(column: Any) -> str:
    """Return the name of a column, which is a name or a function."""
    return column if isinstance(column, str) else str(column.__name__)


def shown_by(column: str, fields: Iterable[str]) -> str | None:
    """Return the field that a column shows: its own name, or that before `_link`, `_label` and the like."""
    if column == "tag_labels":
        return "tags" if "tags" in fields else None
    if column.startswith("custom__"):
        return "custom" if "custom" in fields else None
    stem, _underscore, _rest = column.rpartition("_")
    return next((one for one in (column, stem) if one in fields), None)
