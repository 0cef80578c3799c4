"""How long statements, locks and idle transactions may last: another time for web, worker and commands."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARAMETERS: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
LONGEST: Final = 2_147_483  # seconds: PostgreSQL counts milliseconds in 31 bits
_state = {"is_web": False}


def serve_web() -> None:
    """Say that this process serves the web; before the settings are read."""
    _state["is_web"] = True


def role() -> str:
    """Return what this process is: `web`, `worker` or `command`."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if _state["is_web"] or verb == "runserver":
        return "web"
    return "worker" if verb == "worker" else "command"


def options(seconds: Mapping[str, int]) -> str:
    """Return the timeouts, by the name of the variable that says each, as an option of libpq; 0 sets no limit."""
    for name, value in seconds.items():
        if not 0 <= value <= LONGEST:
            message = f"{name} must be a number of seconds from 0 to {LONGEST}, not {value}."
            raise ImproperlyConfigured(message)
    values = dict(zip(PARAMETERS, seconds.values(), strict=True))
    return " ".join(f"-c {name}={value}s" for name, value in values.items())


@contextmanager
def lifted(*names: str) -> Iterator[None]:
    """Let these parameters of the connection set no limit for a while."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT set_config(%s, '0', false)", [name])
        try:
            yield
        finally:
            for name in names:
                with suppress(DatabaseError):  # of a transaction that failed: its end brings back what was
                    cursor.execute(f"RESET {name}")
