"""How PostgreSQL writes a column as JSON: the same in answers, in the change feed and in exports."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


def json_value(column: models.Field, row: str) -> str:  # type: ignore[type-arg]  # of any kind
    """Return the SQL of a column's value in a row: times after RFC 3339 in UTC, decimals as text, lists as JSON."""
    name = f'{row}."{column.column}"'
    kind = column.output_field if isinstance(column, models.GeneratedField) else column
    if isinstance(kind, models.DateTimeField):
        return f"""to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    if isinstance(kind, ArrayField):
        return f"to_json({name})"
    return f"{name}::text" if isinstance(kind, models.DecimalField) else name
