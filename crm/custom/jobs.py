"""What the worker does for custom fields: their indexes, built and dropped while everybody goes on working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection
from procrastinate.contrib.django import app
from psycopg import sql

from crm.custom.expressions import VALUE
from crm.custom.moves import take_in
from crm.database import timeouts
from crm.models import CustomField

if TYPE_CHECKING:
    from psycopg.sql import Composed

PREFIX: Final = "custom_value_"
SETTLED: Final = 60
BUILT: Final = """SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relname LIKE 'custom\\_value\\_%%' AND i.indisvalid = %s AND i.indrelid IN (
        SELECT format('%%I', app_label || '_' || model)::regclass FROM django_content_type
        WHERE to_regclass(format('%%I', app_label || '_' || model)) IS NOT NULL)"""


@dataclass(frozen=True)
class Index:
    """The index of one field: with the id, so that pages may be read in its order; of several choices, by each."""

    field: CustomField

    @property
    def name(self) -> str:
        """A name that tells the field and what it is called, for under another name it needs another index."""
        return f"{PREFIX}{self.field.pk.hex[-12:]}_{self.field.name[:30]}"[:63]

    def statement(self) -> Composed:
        """Return the statement that builds it."""
        value = sql.SQL(VALUE.format(custom="custom", name=self.field.name))
        form = (
            "gin (({value}) jsonb_path_ops)" if self.field.type == CustomField.Type.CHOICES else "btree (({value}), id)"
        )
        return sql.SQL("CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {table} USING " + form).format(
            index=sql.Identifier(self.name), table=sql.Identifier(self.field.records._meta.db_table), value=value
        )


@app.task(name="crm.custom.align_indexes", lock="custom_field_indexes")
def align_indexes() -> None:
    """Build the indexes that administrators asked for; drop those not needed, or left half built."""
    fields = CustomField.objects.filter(is_indexed=True, is_active=True).select_related("content_type")
    wanted = {index.name: index for index in map(Index, fields) if index.field.content_type.model_class()}
    with timeouts.lifted("lock_timeout", "statement_timeout"), connection.cursor() as cursor:
        cursor.execute(BUILT, [False])
        for (name,) in cursor.fetchall():
            drop(name)
        cursor.execute(BUILT, [True])
        built = {name for (name,) in cursor.fetchall()}
        for name in sorted(built - wanted.keys()):
            drop(name)
        for name in sorted(wanted.keys() - built):
            cursor.execute(wanted[name].statement())
            table = sql.Identifier(wanted[name].field.records._meta.db_table)
            cursor.execute(sql.SQL("ANALYZE {}").format(table))  # only then the planner knows the values


def drop(name: str) -> None:
    """Drop an index without making anyone wait."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(name)))


@app.task(name="crm.custom.settle")
def settle(field: str) -> None:
    """Take in what was written under a former name of a field by requests that had begun before it was renamed."""
    found = CustomField.objects.select_related("content_type").filter(pk=field).first()
    if found is not None:
        for name in found.former_names:
            take_in(field=found, former=name)


def is_built(field: CustomField) -> bool:
    """Tell whether the index of a field is there and in use."""
    with connection.cursor() as cursor:
        cursor.execute(BUILT, [True])
        return Index(field).name in {name for (name,) in cursor.fetchall()}
