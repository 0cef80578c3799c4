"""What surrounds every request: its id, its line in the log, its figures, its size, and its headers."""

from __future__ import annotations

import logging
import re
from time import perf_counter
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import DatabaseError

from crm.changes.context import answering, caller
from crm.headers import PERMISSIONS_POLICY, STAFF_CSP
from crm.logs import use_request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    GetResponse = Callable[[HttpRequest], HttpResponseBase]

STATIC: Final = "static"
IMPORTS: Final = {"/api/v1/imports", "/admin/crm/import/add/"}
ATTACHMENTS: Final = re.compile(
    r"/api/v1/attachments|/admin/[a-z]+/[a-z]+/[^/]+/(attachments|thread)/?|/tickets/[^/]+/"
)
SIGNED: Final = ("/preferences/", "/files/", "/tickets/", "/m/")
access = logging.getLogger("crm.access")


def trace(get_response: GetResponse) -> GetResponse:
    """Give the request an id, log one line about it, and count it; answer what machines ask right here."""
    from crm import health, metrics

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = perf_counter()
        given = use_request_id(request.META.get("HTTP_X_REQUEST_ID"))
        answer = health.answer(request)
        with answering(request):
            response = answer or get_response(request)
        response.headers["X-Request-ID"] = given
        seconds = perf_counter() - began
        where = request.path if answer else route(request)
        metrics.count(str(request.method), where, response.status_code, seconds)
        if not (answer or where == STATIC):
            log(request, response.status_code, seconds)
        return response

    return middleware


def log(request: HttpRequest, status: int, seconds: float) -> None:
    """Write the line of the access log; the query and signed links, which may open something, stay out of it."""
    if access.isEnabledFor(logging.INFO):
        path = route(request) if is_signed(request) else request.path
        said = (request.method, path, status)
        known = {"status": status, "milliseconds": round(seconds * 1000, 1), **caller(request)}
        access.handle(access.makeRecord(access.name, logging.INFO, __file__, 0, "%s %s %s", said, None, extra=known))


def is_signed(request: HttpRequest) -> bool:
    """Tell whether an address opens something by itself, or would, were it whole."""
    match = request.resolver_match
    return request.path.startswith(SIGNED) or (match is not None and "token" in match.kwargs)


def route(request: HttpRequest) -> str:
    """Return the pattern that the address matched, of which there are few."""
    match = request.resolver_match
    if match:
        return f"/{match.route}"
    return STATIC if request.path.startswith(settings.STATIC_URL) else "unmatched"


def refuse_large_bodies(get_response: GetResponse) -> GetResponse:
    """Answer 413, without reading it, to a body larger than MAX_BODY_BYTES; a file may be so much larger."""
    from crm.signposts import lead_on

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH")
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if request.path in IMPORTS:
            limit += settings.MAX_IMPORT_BYTES
        elif ATTACHMENTS.fullmatch(request.path):
            limit += settings.ATTACHMENT_BYTES
        if length and length.isdecimal() and int(length[:18]) > limit:
            return lead_on(request) or too_large(request)
        return get_response(request)

    return middleware


def too_large(request: HttpRequest) -> HttpResponse:
    """Refuse a body as a problem."""
    from crm.api.errors import problem_response

    return problem_response(request, 413, "too_large")


def add_headers(get_response: GetResponse) -> GetResponse:
    """Forbid browsers what no page here needs, and caches to keep what is only for the caller."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        if request.path.startswith("/admin/") and not hasattr(response, "_csp_config"):
            response._csp_config = STAFF_CSP  # type: ignore[attr-defined]  # read by Django's middleware
        if "Cache-Control" not in response.headers and ("Authorization" in request.headers or response.cookies):
            response.headers["Cache-Control"] = "private, no-cache" if "ETag" in response.headers else "no-store"
        return response

    return middleware


def answer_delays(get_response: GetResponse) -> GetResponse:
    """Answer 503 where a view outside of the API found the database away, busy, or held up by others."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        from crm.api.pages import answer_delay

        return answer_delay(request, error) if isinstance(error, DatabaseError) else None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django looks for it there
    return middleware
