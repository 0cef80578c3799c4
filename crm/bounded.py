"""Questions that are answered in time or not at all: a server, a disk or a network that hangs holds nobody up."""

from __future__ import annotations

from concurrent.futures import Future, wait
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS: Final = 3.0
LOCK: Final = Lock()
_hanging: dict[Future[Any], str] = {}


class TooLate(Exception):
    """The answer did not come in time, or an earlier question of the kind still waits for its own."""


def within[Found](name: str, ask: Callable[[], Found], seconds: float = SECONDS) -> Found:
    """Return what `ask` returns, or raise what it raises; raise TooLate after so many seconds.

    It is asked in a thread with this thread's connection to the database. Where that hangs, this thread gets a new one.
    At most one question of a name hangs in this process, however often it is asked.
    """
    if name in _hanging.values():
        raise TooLate(name)
    future: Future[Found] = Future()
    shared = connections[DEFAULT_DB_ALIAS]
    shared.inc_thread_sharing()

    def run() -> None:
        connections[DEFAULT_DB_ALIAS] = shared
        found = answer(ask)
        with LOCK:
            found(future)
            is_late = _hanging.pop(future, None)
        if is_late:
            shared.close()

    Thread(target=run, name=f"within:{name}", daemon=True).start()
    wait([future], seconds)
    with LOCK:
        if not future.done():
            _hanging[future] = name
            connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
            raise TooLate(name)
    shared.dec_thread_sharing()
    return future.result()


def answer[Found](ask: Callable[[], Found]) -> Callable[[Future[Found]], None]:
    """Ask, and return what tells a future the answer, or what was raised."""
    try:
        found = ask()
    except BaseException as error:  # noqa: BLE001 -- raised again by who waits for it
        return partial(Future.set_exception, exception=error)
    return partial(Future.set_result, result=found)
