"""Every text in the database, whatever table and column it is in."""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps
from django.db import connection

from crm.models import IdempotencyKey
from crm.privacy import holdings
from crm.secrets import unseal

TEXTS: Final = ("text", "character varying", "jsonb", "json", "ARRAY", "bytea")
COLUMNS: Final = """SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"""
# Tables of packages: rights, sessions and tokens of colleagues, and the machinery of jobs and migrations.
PACKAGES: Final = ("auth_", "axes_", "django_", "oauth2_provider_", "procrastinate_", "pgtrigger_")
OURS: Final = ("django_admin_log", "procrastinate_jobs")


def columns() -> list[tuple[str, str, str]]:
    """Return every column that can hold words: table, column, type."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return [row for row in cursor.fetchall() if row[2] in TEXTS]


def tables() -> list[str]:
    """Return every table."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return sorted({row[0] for row in cursor.fetchall()})


def holding(word: str) -> set[tuple[str, str]]:
    """Return the columns in which a word stands."""
    return {(table, column) for table, column, kind in columns() if count(table, text_of(column, kind), word)}


def text_of(column: str, kind: str) -> str:
    """Return the SQL of a column as text, of bytes as what they spell."""
    return f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'


def count(table: str, text: str, word: str) -> int:
    """Return in how many rows of a table a word stands."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE {text} ILIKE %s', [f"%{word}%"])  # noqa: S608 -- a table's own name
        return int(cursor.fetchone()[0])


def tables_with(word: str) -> list[str]:
    """Return the tables whose rows, as PostgreSQL writes them, have a word."""
    return [table for table in tables() if count(table, "t::text", word)]


def answers_with(word: str) -> int:
    """Return how many sealed answers have a word."""
    return sum(word.encode() in unseal(bytes(one.body)).lower() for one in IdempotencyKey.objects.all())


def to_plant() -> set[tuple[str, str]]:
    """Return the columns that can hold words of a person, as models say: not choices, kinds and what is kept."""
    models: dict[str, Any] = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    harmless = {model._meta.db_table for model in holdings.harmless()}
    wanted = set()
    for table, column, _kind in columns():
        if table in harmless or (table.startswith(PACKAGES) and table not in OURS):
            continue
        if table not in models:  # counts requests, by address and account
            continue
        field = next((one for one in models[table]._meta.fields if one.column == column), None)
        if field is not None and not is_fixed(models[table], field):
            wanted.add((table, column))
    return wanted


def is_fixed(model: Any, field: Any) -> bool:
    """Tell whether a column never has words of a person: a choice, a kind, a country, a list of tags."""
    holding = holdings.of(model)
    inner = getattr(field, "base_field", field)
    return bool(inner.choices or holdings.is_kind(field) or field.name in {*holding.kept, "tags"})


def rows_with(word: str) -> dict[str, list[str]]:
    """Return all rows that have a word, as PostgreSQL writes them, by table."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables_with(word):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t WHERE t::text ILIKE %s ORDER BY 1', [f"%{word}%"])  # noqa: S608 -- a table's own name
            found[table] = [row[0] for row in cursor.fetchall()]
    return found
