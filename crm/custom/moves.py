"""Set-based changes of the values of one custom field: one statement, however many records there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from crm.database import timeouts

if TYPE_CHECKING:
    from crm.models import CustomField


def take_in(*, field: CustomField, former: str) -> int:
    """Move the values that stand under a former name to the field's, unless there is one; return how many moved."""
    return _run(
        "UPDATE {table} SET updated_at = now(),"
        " custom = (custom - %(former)s) || jsonb_build_object(%(name)s::text, custom -> %(former)s)"
        " WHERE custom ? %(former)s AND NOT custom ? %(name)s",
        field,
        former=former,
    )


def fill(*, field: CustomField) -> int:
    """Give the default to all records that have no value, but to the erased, who get none; return how many got it."""
    is_erasable = any(one.name == "erased_at" for one in field.records._meta.concrete_fields)
    statement = (
        "UPDATE {table} SET updated_at = now(),"
        " custom = custom || jsonb_build_object(%(name)s::text, %(default)s::jsonb) WHERE NOT custom ? %(name)s"
    )
    statement += " AND erased_at IS NULL" if is_erasable else ""
    return _run(statement, field, default=Jsonb(field.default))


def is_used(*, field: CustomField) -> bool:
    """Tell whether any record has a value of the field."""
    return bool(_run("SELECT FROM {table} WHERE custom ? %(name)s LIMIT 1", field))


def _run(statement: str, field: CustomField, **values: Any) -> int:
    """Run a statement on the table of the field's records, and return how many rows it found."""
    table = sql.Identifier(field.records._meta.db_table)
    with timeouts.lifted("statement_timeout"), connection.cursor() as cursor:  # there may be millions of records
        cursor.execute(sql.SQL(statement).format(table=table), {"name": field.name, **values})
        return int(cursor.rowcount)
