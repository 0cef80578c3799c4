"""What somebody signed in from lately, a browser or a network: failures of strangers elsewhere lock neither."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Final

from axes.models import AccessLog
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.utils import timezone

from crm.auth.addresses import client_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from crm.models import User

COOKIE: Final = "known_device"
SALT: Final = "crm.auth.known"
COUNTS_FOR: Final = timedelta(days=90)  # as long as housekeeping keeps the log of sign-ins


def device_of(request: HttpRequest, username: str) -> str:
    """Return the number of the browser, if this person signed in with it; empty where they did not."""
    try:
        said = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=COUNTS_FOR)
    except signing.BadSignature:
        return ""
    owner, number = said
    return str(number) if owner == username else ""


def is_known_network(request: HttpRequest, username: str) -> bool:
    """Tell whether the person signed in from the network of the request lately."""
    since = timezone.now() - COUNTS_FOR
    known = AccessLog.objects.filter(username=username, ip_address=client_network(request), attempt_time__gte=since)
    return bool(known.exists())


def note_network(request: HttpRequest, username: str) -> None:
    """Keep that a program signed in for a person; a day's sign-ins from one network are one row."""
    recent = timezone.now() - timedelta(days=1)
    where = {"username": username, "ip_address": client_network(request)}
    if not AccessLog.objects.filter(**where, attempt_time__gte=recent).exists():
        agent = request.headers.get("User-Agent", "")[:255].replace("\0", "")
        AccessLog.objects.create(**where, user_agent=agent, path_info=request.path[:255])


def remember(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Give a browser with which somebody just signed in a cookie by which it is known."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        username = vars(request).get("signed_in_as")
        if username is not None:
            number = device_of(request, username) or token_urlsafe(16)
            response.set_cookie(
                COOKIE,
                signing.dumps([username, number], salt=SALT),
                max_age=COUNTS_FOR,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def note_sign_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Let the answer carry the cookie."""
    if request is not None:
        request.signed_in_as = user.get_username()  # type: ignore[attr-defined]  # for `remember`


def listen() -> None:
    """Follow Django's own announcement."""
    user_logged_in.connect(note_sign_in, dispatch_uid="crm.auth.known")
