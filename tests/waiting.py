"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection


def wait_until(done: Any, seconds: float = 300) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "It takes too long."
        time.sleep(0.01)


def is_somebody_waiting() -> bool:
    """Tell whether a statement waits for a row that another transaction holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
        return bool(cursor.fetchone()[0])
