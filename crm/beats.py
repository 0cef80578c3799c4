"""What the worker looks after every second, besides its jobs: applications say what in `AppConfig.ready`."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from django.db import connection

from crm.database.outages import is_outage

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE: Final = 1.0  # seconds between beats
logger = logging.getLogger(__name__)
_beats: list[Callable[[], None]] = []
_waiting: set[str] = set()


def register(beat: Callable[[], None]) -> None:
    """Let the worker call this every second; it must be quick, and may be called by several workers at once."""
    _beats.append(beat)


def keep_beating(*, may: Callable[[], bool]) -> Event:
    """Call all of them in a thread of this process, while they may, until the event that is returned is set."""
    stopped = Event()

    def beat_all() -> None:
        for beat in _beats if may() else ():
            attempt(beat)

    def loop() -> None:
        while not stopped.wait(PAUSE):
            attempt(beat_all)
        connection.close()

    Thread(target=loop, name="beats", daemon=True).start()
    return stopped


def attempt(beat: Callable[[], None]) -> None:
    """Call one; a failure is reported and keeps nothing else from running, and an outage once until it has passed."""
    name = beat.__module__
    try:
        beat()
    except Exception as error:
        if not is_outage(error):
            logger.exception("%s failed", name)
        elif name not in _waiting:
            logger.warning("%s waits for the database: %s", name, error)
            _waiting.add(name)
        with suppress(Exception):
            connection.close()
    else:
        _waiting.discard(name)
