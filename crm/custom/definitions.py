"""The custom fields of each kind of record, at hand without asking for them again and again.

A token's check also tells the version of all definitions; while it stays, what a process knows is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from crm.custom.values import is_empty
from crm.models import CustomField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import Record, User

# Every write gives a row another pair of these, whoever makes it: so the sum tells any change, at the cost of a page.
VERSION: Final = (
    "(SELECT count(*) || '.' || coalesce(sum(xmin::text::bigint * 1000 + cmin::text::bigint), 0) FROM crm_customfield)"
)


@dataclass(frozen=True)
class Definitions:
    """The custom fields of one kind of record, in the order of its form."""

    fields: tuple[CustomField, ...]

    @cached_property
    def active(self) -> dict[str, CustomField]:
        """Those in use, by name."""
        return {field.name: field for field in self.fields if field.is_active}

    @cached_property
    def known(self) -> Mapping[str, CustomField]:
        """Those in use, by name and by the names that they had before."""
        former = {name: field for field in self.active.values() for name in field.former_names}
        return former | self.active

    def named_now(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values that were kept since some time by the names that their fields have now."""
        return {self.known[name].name if name in self.known else name: value for name, value in values.items()}

    def kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a record's values that nobody sees now: of retired fields."""
        return {name: value for name, value in values.items() if name not in self.active}

    def defaults(self) -> dict[str, Any]:
        """Return what a new record has unless something else is said."""
        return {name: field.default for name, field in self.active.items() if field.default is not None}

    def lacking(self, values: Mapping[str, Any]) -> list[str]:
        """Return the fields that need a value and have none."""
        return [name for name, one in self.active.items() if one.is_required and is_empty(values.get(name))]


def version() -> str:
    """Return the version of all definitions."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {VERSION}")
        return str(cursor.fetchone()[0])


_cache: dict[type[Record], tuple[str, Definitions]] = {}


def definitions(model: type[Record], reader: User | None = None) -> Definitions:
    """Return the custom fields of a kind of record, as they are in the request of `reader`."""
    version = getattr(reader, "custom_version", "")
    known = _cache.get(model)
    if version and known is not None and known[0] == version:
        return known[1]
    of_request: dict[type[Record], Definitions] = reader.__dict__.setdefault("definitions", {}) if reader else {}
    if model not in of_request:
        of_request[model] = Definitions(tuple(CustomField.objects.every(model)))
    if version:
        _cache[model] = (version, of_request[model])
    return of_request[model]


def begin(records: Iterable[Record]) -> None:
    """Give new records of one kind, which no form and no serializer has judged, the defaults of their custom fields."""
    found: Definitions | None = None
    for record in records:
        found = found or definitions(type(record))
        record.custom = {**found.defaults(), **record.custom}
