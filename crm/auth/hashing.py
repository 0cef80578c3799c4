"""Passwords and secrets are hashed slowly on purpose; only so many at once, so that everything else goes on."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.translation import gettext_lazy as _

from crm import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

THREADS: Final = environment.number("THREADS", 8)
CORES: Final = (os.cpu_count() or 1) // max(1, environment.number("WEB_CONCURRENCY", 2))
PLACES: Final = max(1, THREADS // 2)  # the other threads answer everything else
AT_ONCE: Final = max(1, min(CORES, PLACES))
RETRY_SECONDS: Final = 2
TOO_BUSY: Final = _("Too many sign-ins at the same moment. Try again in a few seconds.")

places = BoundedSemaphore(PLACES)
turns = BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """As many hashes wait as this process has places for."""


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one's turn to hash; raise Busy at once where too many wait already."""
    if not places.acquire(blocking=False):
        raise Busy
    try:
        with turns:
            yield
    finally:
        places.release()


class BoundedHasher(PBKDF2PasswordHasher):
    """Django's own way to hash, in turns; passwords stored before stay as they are."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash; raise Busy."""
        with turn():
            return super().encode(password, salt, iterations)


class AnswerBusy:
    """Answers 503, and when to come back, where a page would hash and too many do; the API says it as a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what answers otherwise."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say that too many sign in; leave every other failure to Django."""
        from crm.api.pages import page_or_problem

        if not isinstance(exception, Busy):
            return None
        response = page_or_problem(request, 503, str(TOO_BUSY))
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response


def refused(problem: Any) -> Any:
    """Return the problem for the API."""
    return problem("unavailable", TOO_BUSY, Retry_After=str(RETRY_SECONDS))
