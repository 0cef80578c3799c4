"""Who changes records, as the change feed will say: said once per request, command or job, read by the database.

The transaction-local setting `crm.context` carries it. Django's connection sets it where a transaction begins.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db import connection
from django.utils.functional import SimpleLazyObject

from crm.logs import request_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest

    from crm.models import User

SET: Final = "SELECT set_config('crm.context', %s, true)"

_who: ContextVar[Callable[[], dict[str, str]] | None] = ContextVar("who_changes", default=None)


@contextmanager
def answering(request: HttpRequest) -> Iterator[None]:
    """Let what the block changes be by whoever the request turns out to come from."""
    token = _who.set(lambda: {**caller(request), "request_id": request_id()})
    try:
        yield
    finally:
        _who.reset(token)


@contextmanager
def acting(*, command: str, user: User | None = None, application: str = "", request_id: str = "") -> Iterator[None]:
    """Let what the block changes be by a command or a job, on behalf of `user` where there is one."""
    said = {"user": str(user.pk) if user else "", "application": application, "command": command}
    said = {name: value for name, value in {**said, "request_id": request_id}.items() if value}
    token = _who.set(lambda: said)
    try:
        tell()
        yield
    finally:
        _who.reset(token)
        tell()


def tell() -> None:
    """Say it to a transaction that is open already."""
    if connection.in_atomic_block and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute(SET, [setting()])


def setting() -> str:
    """Return what the database is to know: JSON with `user application command request_id`; nothing if nobody said."""
    who = _who.get()
    return orjson.dumps(who()).decode() if who else ""


def caller(request: HttpRequest) -> dict[str, str]:
    """Return who asked, `user` and `application`, as far as is known: never by a question to the database."""
    known = vars(request)
    user, credentials = known.get("user"), known.get("auth")
    if isinstance(user, SimpleLazyObject):
        user = known.get("_cached_user")
    found: dict[str, Any] = {
        "user": getattr(user, "pk", None),
        "application": getattr(credentials, "client_id", None),
    }
    return {name: str(value) for name, value in found.items() if value is not None}
