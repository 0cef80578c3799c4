"""What must be undone elsewhere, such as in a store of files, where a transaction comes to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.database.base import DatabaseWrapper


def on_rollback(undo: Callable[[], None]) -> None:
    """Call this if the transaction that is open, or its innermost savepoint, is rolled back."""
    cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS]).on_rollback(undo)
