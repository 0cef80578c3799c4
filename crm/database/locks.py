"""Locks that a process holds across transactions; PostgreSQL frees them when the process dies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "hashtextextended(%s, 0)"


@contextmanager
def held(*words: str) -> Iterator[bool]:
    """Tell whether nobody else holds the lock of a name; if so, hold it until the block ends.

    The connection must be the same throughout: no transaction pooling, as by PgBouncer, in between.
    """
    name = "\n".join(words)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({KEY})", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({KEY})", [name])
