"""How PostgreSQL would answer a query if the tables were large."""

from __future__ import annotations

from typing import Any

from django.db import connection


def plan(rows: Any, *, sorts: bool = True) -> str:
    """Return the plan of a query where no table is read from end to end, nor `sorts`, if there is another way."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET enable_seqscan = off; SET enable_sort = {sorts}")
        try:
            return str(rows.explain())
        finally:
            cursor.execute("RESET enable_seqscan; RESET enable_sort")
