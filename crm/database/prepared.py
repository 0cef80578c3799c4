"""Statements that run on every request, which PostgreSQL plans once per connection instead of once per run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connection
from psycopg import Cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.backends.utils import CursorWrapper
    from psycopg import Connection


def server_side_cursor(*, prepares: bool = True) -> CursorWrapper:
    """Return a cursor that binds parameters in the server; the database's errors are Django's."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = cast("Connection[tuple[Any, ...]]", connection.connection)
    raw.prepare_threshold = 0 if prepares else None  # Django leaves it off; its own cursors never prepare
    wrapped: CursorWrapper = connection._prepare_cursor(Cursor(raw))  # type: ignore[attr-defined]  # logs and wraps errors
    return wrapped


def fetch_one(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """Run a prepared statement and return its first row."""
    with server_side_cursor() as cursor:
        cursor.execute(statement, parameters)
        return cast("tuple[Any, ...] | None", cursor.fetchone())


def fetch_all(statement: str, parameters: Sequence[Any], *, prepares: bool) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows; prepare it only if one plan is good for all parameters."""
    with server_side_cursor(prepares=prepares) as cursor:
        cursor.execute(statement, parameters)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())
