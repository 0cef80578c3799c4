"""What PostgreSQL reads to answer a query: rows, not names of indexes, which it chooses as it likes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVED: Final = ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter")
SORTS: Final = ("Sort", "Incremental Sort")
SORTED: Final = "sorted"


def scanned(asked: Any, parameters: dict[str, Any] | None = None) -> dict[str, int]:
    """Return how many rows of each table a query reads, those that it throws away included, and how many it sorts.

    The query is a queryset or a statement, and is carried out and taken back. The tables are analyzed before, so make
    more rows than the answer has: what reads hundreds where it answers with a few has no index that it could use.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        statement, values = (asked, parameters) if isinstance(asked, str) else asked.query.sql_with_params()
        cursor.execute("SET LOCAL enable_seqscan = off")
        for table in sorted(
            {str(step["Relation Name"]) for step in steps(cursor, "", statement, values) if read(step)}
        ):
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
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
