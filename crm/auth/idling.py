"""Sessions of whoever has left the desk: they end after SESSION_IDLE_MINUTES without anything that a person did."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.utils import timezone

from crm.auth import audit

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    GetResponse = Callable[[HttpRequest], HttpResponseBase]

SEEN: Final = "seen_at"
BACKGROUND: Final = "X-Background"  # what the scripts of the pages send when they ask by themselves
STEP: Final = 30  # seconds within which a session is not written again


def end_idle_sessions(get_response: GetResponse) -> GetResponse:
    """Sign out whoever did nothing for SESSION_IDLE_MINUTES; 0 lets sessions be. The API knows no sessions."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_session = settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith("/api/")
        if settings.SESSION_IDLE_MINUTES and is_session:
            look(request)
        return get_response(request)

    return middleware


def look(request: HttpRequest) -> None:
    """End the session where it was idle too long; else note that somebody is there, unless a script asks by itself."""
    session = request.session
    if SESSION_KEY not in session:
        return
    now = int(time.time())
    idle = now - session.get(SEEN, now)
    if idle > settings.SESSION_IDLE_MINUTES * 60:
        audit.record("session_idle", user=session[SESSION_KEY], address=audit.origin(request))
        logout(request)
    elif SEEN not in session:
        # What is noted here does not let the session live longer than it would have.
        session.set_expiry(timezone.now() + timedelta(seconds=session.get_expiry_age()))
        session[SEEN] = now
    elif idle >= STEP and BACKGROUND not in request.headers:
        session[SEEN] = now
