"""What the worker looks after every second, besides its jobs: applications say what in `AppConfig.ready`."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE: Final = 1.0  # seconds between beats
logger = logging.getLogger(__name__)
_beats: list[Callable[[], None]] = []


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
    """Call one; a failure is reported and keeps nothing else from running."""
    try:
        beat()
    except Exception:
        logger.exception("%s failed", beat.__module__)
        connection.close()
