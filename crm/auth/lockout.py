"""After repeated failures a sign-in waits, twice as long after each further one: on every door alike.

Failures are counted in three pots. Those of a browser that the person signed in with before are its own. Those of a
network are counted for each user name that is tried from there. And all that strangers fail for one user name, wherever
they are, are counted together; that ceiling holds for strangers only, so that nobody is locked out by others: a known
browser and a known network do not mind it, and an administrator can lift it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from crm.api.errors import problem_response
from crm.auth import audit, known
from crm.auth.limits import count_address
from crm.logs import request_id

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from crm.auth.limits import Usage
    from crm.models import User

FREE_FAILURES: Final = 5
FREE_OF_STRANGERS: Final = 50
LONGEST: Final = timedelta(hours=1)
STEPS: Final = 6
NOWHERE: Final = "::1"  # in the place of a network, where a known browser is counted; no network has this address
LONGEST_NAME: Final = 255
NO_TIME: Final = timedelta(0)


class Lockout(AxesDatabaseHandler):  # type: ignore[misc]  # axes has no types
    """Locks a sign-in for 1 minute after 5 failures, 50 of strangers, then 2, 4, … up to an hour; a day forgets."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Tell whether the sign-in still has to wait."""
        return self.wait(request, credentials) > NO_TIME

    def wait(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> timedelta:
        """Return how long the sign-in has to wait."""
        username = get_client_username(request, credentials) or ""
        (pot,) = self.get_user_attempts(request, credentials)
        waits = [self.flood(request), pause_of(pot, FREE_FAILURES)]
        strangers = pause_of(recent(of_strangers(username)), FREE_OF_STRANGERS)
        if strangers > NO_TIME and not is_known(request, username):
            waits.append(strangers)
        return max(waits)

    def flood(self, request: HttpRequest) -> timedelta:
        """Count a try at a page by its network, once a request, and return how long it has to wait; the API has own."""
        if request.path.startswith("/api/"):
            return NO_TIME
        kept = vars(request)
        if "password_usage" not in kept:
            kept["password_usage"] = count_address(request, "passwords")
        usage: Usage = kept["password_usage"]
        return timedelta(seconds=usage.resets_in) if usage.is_exceeded else NO_TIME

    def filter_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> list[QuerySet[AccessAttempt]]:
        """Return the failures of the known browser, or else those of the network, for the user name."""
        username = get_client_username(request, credentials) or ""
        device = known.device_of(request, username)
        where = {"ip_address": NOWHERE, "user_agent": device} if device else {"ip_address": request.axes_ip_address}  # type: ignore[attr-defined]  # set by axes
        return [AccessAttempt.objects.filter(username=username, **where)]

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
        """Count a failure, in the pot of the browser where it is known."""
        name = get_client_username(request, credentials) or ""
        device = request and known.device_of(request, name)
        if device:
            request.axes_ip_address, request.axes_user_agent = NOWHERE, device
        kept = {**credentials, "username": name[:LONGEST_NAME]}  # no account has a longer one, and no column takes it
        super().user_login_failed(sender, kept, request, **kwargs)


def of_strangers(username: str) -> QuerySet[AccessAttempt]:
    """Return what failed for a user name but with known browsers."""
    found: QuerySet[AccessAttempt] = AccessAttempt.objects.filter(username=username).exclude(ip_address=NOWHERE)
    return found


def recent(attempts: QuerySet[AccessAttempt]) -> QuerySet[AccessAttempt]:
    """Keep those that count still."""
    return attempts.filter(attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME)


def is_known(request: HttpRequest, username: str) -> bool:
    """Tell whether the person whose name is tried signed in from here before."""
    return bool(known.device_of(request, username)) or known.is_known_network(request, username)


def pause_of(attempts: QuerySet[AccessAttempt], free: int) -> timedelta:
    """Return how long to wait after these failures, of which the first few are free."""
    found = attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
    if found["last"] is None or found["failures"] < free:
        return NO_TIME
    until: timedelta = found["last"] + pause(found["failures"] - free) - timezone.now()
    return until


def pause(excess: int) -> timedelta:
    """Return how long to wait after this many failures too many."""
    return min(LONGEST, timedelta(minutes=2 ** min(excess, STEPS)))


def succeeded(*, request: HttpRequest, user: User) -> None:
    """Forget the failures before a sign-in of a program for a person, and remember where it came from."""
    username = user.get_username()
    AxesProxyHandler.update_request(request)
    Lockout().reset_user_attempts(request, {"username": username})
    known.note_network(request, username)


def unlock(*, users: list[User], by: User) -> int:
    """Let people try again at once, wherever they are; return how many of them had to wait or would soon."""
    names = [user.get_username() for user in users]
    found = AccessAttempt.objects.filter(username__in=names)
    locked = set(found.values_list("username", flat=True))
    found.delete()
    for user in users:
        if user.get_username() in locked:
            audit.record("unlocked", user=user.pk, by=by.pk)
    return len(locked)


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
