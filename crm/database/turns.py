"""Taking turns: who works on the same name waits for the other."""

from __future__ import annotations

from django.db import connection


def take_turns(*words: str) -> None:
    """Wait until no other transaction works on the same name; ends with this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["\n".join(words)])
