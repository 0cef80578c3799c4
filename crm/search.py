"""Substring search that ignores case, accents and full-width forms, in every language."""

from typing import Any

from django.db.models import BooleanField, Func, TextField, Value
from django.db.models.functions import Concat


class SearchKey(Func):
    """The text that `?search=` looks into: the fields joined, folded by the SQL function `crm_search_key`.

    The same expression stands in the model's trigram index and in the query, so that PostgreSQL uses the index.
    """

    function = "crm_search_key"
    output_field = TextField()

    def __init__(self, *fields: Any, **extra: Any) -> None:
        """Take names of text fields, or one expression when Django copies the node."""
        if len(fields) > 1:
            parts: list[Any] = []
            for field in fields:
                parts += [field, Value(" ")]
            super().__init__(Concat(*parts[:-1], output_field=TextField()), **extra)
        else:
            super().__init__(*fields, **extra)


class Contains(Func):
    """True where the first text contains the second, which is escaped for LIKE already."""

    template = "%(expressions)s"
    arg_joiner = " LIKE '%%' || "
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return a LIKE that a trigram index answers."""
        sql, params = super().as_sql(compiler, connection, **extra)
        return f"({sql} || '%%')", params
