"""What PostgreSQL reads to answer a query: rows, not names of indexes, which it chooses as it likes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

REMOVED: Final = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
SORTS: Final = ("Sort", "Incremental Sort")
SORTED: Final = "sorted"
SUMMARIZE: Final = """
    SELECT brin_summarize_new_values(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'brin')
"""


def scanned(asked: Any, parameters: dict[str, Any] | None = None, *, sorts: bool = True) -> dict[str, int]:
    """Return how many rows of each table a query reads, those that it throws away included, and how many it sorts.

    The query is a queryset or a statement, and is carried out and taken back. Statistics are made before, as autovacuum
    does, so make more rows than the answer has: what reads hundreds to answer with a few has no index that it can use.
    Without `sorts`, rows are to be read in the order of an index: of few, PostgreSQL would rather read and sort all.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        statement, values = (asked, parameters) if isinstance(asked, str) else asked.query.sql_with_params()
        cursor.execute(f"SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = {sorts}")
        tables = {str(step["Relation Name"]) for step in steps(cursor, "", statement, values) if read(step)}
        for table in sorted(tables):
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
            cursor.execute(SUMMARIZE, [table])
        rows: Counter[str] = Counter()
        for step in steps(cursor, "ANALYZE, ", statement, values):
            number = round((step["Actual Rows"] + sum(step.get(name, 0) for name in REMOVED)) * step["Actual Loops"])
            if read(step):
                rows[step["Relation Name"]] += number
            elif step["Node Type"] in SORTS:
                rows[SORTED] += number
        transaction.set_rollback(True)
    return {name: number for name, number in rows.items() if number}


def read(step: dict[str, Any]) -> bool:
    """Return whether a step reads a table."""
    return "Relation Name" in step and step["Node Type"] != "ModifyTable"


def steps(cursor: Any, analyze: str, statement: str, values: Any) -> Iterator[dict[str, Any]]:
    """Yield the steps of a plan."""
    cursor.execute(f"EXPLAIN ({analyze}FORMAT JSON) {statement}", values)
    found = cursor.fetchone()[0]
    waiting = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]]
    while waiting:
        step = waiting.pop()
        waiting += step.get("Plans", ())
        yield step


def forget(model: type[Model]) -> None:
    """Empty a table and its indexes, which else hold what other tests took back."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(model._meta.db_table)))
