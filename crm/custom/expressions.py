"""The value of a custom field in SQL: the same expression in filters, orderings and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db.models import BooleanField, F, Func, JSONField, Q

if TYPE_CHECKING:
    from collections.abc import Sequence

# Where a record has no value, this one stands for it: it sorts before all others, and a keyset page can end at it.
VALUE: Final = "coalesce({custom} -> '{name}', 'null'::jsonb)"
PLACE: Final = "custom_value_"  # before the name, where the value is a column of a statement
COMPARISONS: Final = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class CustomValue(Func):
    """The value of a custom field as jsonb, which PostgreSQL compares by type: numbers as such, texts by characters."""

    output_field = JSONField()

    def __init__(self, name: str) -> None:
        """Take the name of a field that there is: it becomes part of the statement, as it is part of the index."""
        self.name = name
        super().__init__(F("custom"))

    def __repr__(self) -> str:
        return f"CustomValue({self.name!r})"

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two of these the same to Django."""
        return (self.__class__, self.name)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return the expression; the name holds letters, digits and underscores only."""
        (column,) = self.get_source_expressions()
        sql, params = compiler.compile(column)
        return VALUE.format(custom=sql, name=self.name), params


class Compared(Func):
    """True where a custom field's value stands in some relation to others, each given as JSON text."""

    output_field = BooleanField()

    def __init__(self, name: str, operator: str, values: Sequence[str]) -> None:
        """Take the field, the operator with placeholders after it, and the values."""
        self.operator = operator
        self.values = list(values)
        super().__init__(CustomValue(name))

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two of these the same to Django."""
        return (self.__class__, repr(self.get_source_expressions()), self.operator, tuple(self.values))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return the comparison."""
        (value,) = self.get_source_expressions()
        sql, params = compiler.compile(value)
        return f"({sql} {self.operator})", [*params, *self.values]


def compare(name: str, lookup: str, value: Any) -> Q:
    """Return the condition that a field's value is equal to, above or below another; without a value it is neither."""
    found = Q(Compared(name, f"{COMPARISONS[lookup]} %s::jsonb", [as_json(value)]))
    return found & ~is_missing(name) if lookup in {"lt", "lte"} else found


def is_any(name: str, values: Sequence[Any]) -> Q:
    """Return the condition that a field has one of these values."""
    marks = ", ".join(["%s::jsonb"] * len(values))
    return Q(Compared(name, f"IN ({marks})", [as_json(value) for value in values]))


def includes(name: str, values: Sequence[Any]) -> Q:
    """Return the condition that all these are among the chosen values of a field of several choices."""
    return Q(Compared(name, "@> %s::jsonb", [as_json(list(values))]))


def is_missing(name: str) -> Q:
    """Return the condition that a record has no value of a field."""
    return Q(Compared(name, "= 'null'::jsonb", []))


class KeyText(JSONField):
    """The value as JSON text, which is how a cursor keeps it."""

    def to_python(self, value: Any) -> str:
        """Return the text; raise ValueError for what is none, or not that of a single value."""
        found = orjson.loads(value)
        if isinstance(found, list | dict):
            raise ValueError(value)
        return str(value)


def as_json(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()
