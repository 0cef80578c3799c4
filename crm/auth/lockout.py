"""After repeated failures a sign-in waits, twice as long after each further one: on every door alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.db.models import Max, Sum
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from crm.api.errors import problem_response
from crm.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

FREE_FAILURES: Final = 5
LONGEST: Final = timedelta(hours=1)
STEPS: Final = 6


class Lockout(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Locks a user name at an address for 1 minute after 5 failures, then 2, 4, … up to an hour; a day forgets."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Tell whether the sign-in still has to wait."""
        return self.wait(request, credentials) > timedelta(0)

    def wait(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> timedelta:
        """Return how long the sign-in has to wait."""
        (attempts,) = self.get_user_attempts(request, credentials)
        found = attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
        excess = (found["failures"] or 0) - FREE_FAILURES
        if excess < 0:
            return timedelta(0)
        until: timedelta = found["last"] + pause(excess) - timezone.now()
        return until


def pause(excess: int) -> timedelta:
    """Return how long to wait after this many failures too many."""
    return min(LONGEST, timedelta(minutes=2 ** min(excess, STEPS)))


def answer(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    """Answer 429 and when to come back, as a problem for programs and a page for people; axes calls it."""
    seconds = max(1, int(Lockout().wait(request, credentials).total_seconds()))
    detail = gettext("Too many failed sign-ins. Try again later.")
    if request.path.startswith("/api/"):
        locked = problem_response(request, 429, "throttled", detail)
    else:
        context = {"title": detail, "status": 429, "request_id": request_id()}
        locked = render(request, "crm/error.html", context, status=429)
    locked.headers["Retry-After"] = str(seconds)
    return locked
