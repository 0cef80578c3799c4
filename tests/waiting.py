"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from typing import Any, Final

from django.db import connection

# Not pg_stat_activity, which a transaction reads once.
HELD_UP: Final = """SELECT EXISTS (SELECT FROM pg_locks AS waits JOIN pg_locks AS holds USING (pid)
    JOIN pg_database ON pg_database.oid = holds.database AND datname = current_database() WHERE NOT waits.granted)"""


def wait_until(done: Any, seconds: float = 300) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "It takes too long."
        time.sleep(0.01)


def somebody_waits() -> bool:
    """Tell whether a statement in this database waits for what another holds."""
    with connection.cursor() as cursor:
        cursor.execute(HELD_UP)
        return bool(cursor.fetchone()[0])
