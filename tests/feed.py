"""Waiting for the change feed: transactions of tests that run beside this one hold it back, as they should."""

from __future__ import annotations

import time

from django.db import connection

NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
OLDEST = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
PATIENCE = 60


def ask(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def settle() -> None:
    """Wait until no transaction is left that began before now."""
    newest, end = ask(NEXT), time.monotonic() + PATIENCE
    while ask(OLDEST) < newest:
        assert time.monotonic() < end, "a transaction does not end"
        time.sleep(0.01)
