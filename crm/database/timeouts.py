"""How long statements, locks and idle transactions may last: another time for web, worker and commands."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from crm import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARAMETERS: Final = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
LONGEST: Final = 2_147_483  # seconds: PostgreSQL counts milliseconds in 31 bits
TO_SEND: Final = 300  # seconds that an e-mail may hold its transaction; ended sooner, it would leave again and again
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


def timeouts() -> dict[str, dict[str, int]]:
    """Return the seconds for each role, by the variable that says them, in the order of PARAMETERS."""
    return {
        "web": {
            "WEB_LOCK_SECONDS": environment.number("WEB_LOCK_SECONDS", 5),
            "WEB_STATEMENT_SECONDS": environment.number("WEB_STATEMENT_SECONDS", 60),
            "WEB_IDLE_SECONDS": environment.number("WEB_IDLE_SECONDS", 300),
        },
        "worker": {
            "WORKER_LOCK_SECONDS": environment.number("WORKER_LOCK_SECONDS", 60),
            "WORKER_STATEMENT_SECONDS": environment.number("WORKER_STATEMENT_SECONDS", 3600),
            "WORKER_IDLE_SECONDS": environment.number("WORKER_IDLE_SECONDS", 900),
        },
        "command": {
            "COMMAND_LOCK_SECONDS": environment.number("COMMAND_LOCK_SECONDS", 0),
            "COMMAND_STATEMENT_SECONDS": environment.number("COMMAND_STATEMENT_SECONDS", 0),
            "COMMAND_IDLE_SECONDS": environment.number("COMMAND_IDLE_SECONDS", 3600),
        },
    }


def options(seconds: Mapping[str, int]) -> str:
    """Return the timeouts as options of libpq; 0 sets no limit. Raise ImproperlyConfigured for what is no timeout."""
    for name, value in seconds.items():
        if name == "WORKER_IDLE_SECONDS" and 0 < value < TO_SEND:
            message = f"{name} must be 0 (no limit) or {TO_SEND} and more, as a slow mail server needs, not {value}."
            raise ImproperlyConfigured(message)
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
