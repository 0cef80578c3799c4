"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection

BLOCKED = """SELECT EXISTS (SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock')"""


def wait_until(done: Any, seconds: float = 300) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "It takes too long."
        time.sleep(0.01)


def somebody_waits() -> bool:
    """Tell whether a transaction in this database waits for another's lock."""
    with connection.cursor() as cursor:
        cursor.execute(BLOCKED)
        return bool(cursor.fetchone()[0])
