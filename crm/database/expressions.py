"""SQL that Django's expressions cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BooleanField, Exists, F, Func, TextField

if TYPE_CHECKING:
    from collections.abc import Sequence


class After(Func):
    """True where one row of keys comes after (or before) another: `(a, b) > (x, y)`, which an index answers."""

    output_field = BooleanField()

    def __init__(self, names: Sequence[F], values: Sequence[Any], operator: str) -> None:
        """Compare the fields with the values as rows (SQL row comparison)."""
        self.operator = operator
        self.count = len(names)
        super().__init__(*names, *values)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return the row comparison."""
        parts, params = [], []
        for source in self.get_source_expressions():
            sql, more = compiler.compile(source)
            parts.append(sql)
            params += more
        left, right = ", ".join(parts[: self.count]), ", ".join(parts[self.count :])
        return f"({left}) {self.operator} ({right})", params


class ExistsForEach(Exists):
    """`EXISTS` that PostgreSQL answers row by row, by an index.

    Without the `OFFSET` it may read the whole other table first and look each row up in that, for a page of 50.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


class ModelLabel(Func):
    """The name of a kind of record in code, `app.model`, out of its two parts."""

    template = "(%(expressions)s)"
    arg_joiner = " || '.' || "
    output_field = TextField()
