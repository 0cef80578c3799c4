"""Requests that take effect once however often they are sent (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of the effect: whoever lost it, even by a killed process, asks again.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.api.errors import ParameterError, Problem
from crm.models import IdempotencyKey
from crm.secrets import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.api.requests import ApiRequest

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
METHODS: Final = {"POST", "PUT", "PATCH", "DELETE"}
KEY: Final = re.compile(r'"[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255}')
KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag", "Link")
PASSING: Final = {409, 429}  # statuses that another try may not meet again
LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def use_once(view: Any, request: ApiRequest) -> None:
    """Let the handler of a named request take effect once; of any other nothing changes, and nothing is asked."""
    text = request.headers.get(HEADER)
    if text is None or request.method not in METHODS or request.auth is None:
        return
    if not KEY.fullmatch(text.strip()):
        raise ParameterError(HEADER, _("1 to 255 visible characters of ASCII, in quotation marks or bare."))
    name = str(request.method).lower()
    handler = getattr(view, name, None)
    if handler is not None:
        setattr(view, name, partial(once, view, handler, text.strip().strip('"')))


def once(view: Any, handler: Callable[..., Any], key: str, request: ApiRequest, *args: Any, **kwargs: Any) -> Any:
    """Answer as before, or run the handler and keep its answer; raise 409 while another such request runs."""
    who = {"user": request.user, "application": request.auth.client_id, "key": key}
    digest = fingerprint(request)
    with transaction.atomic():
        take(f"{request.user.pk} {request.auth.client_id} {key}")
        earliest = timezone.now() - timedelta(hours=settings.IDEMPOTENCY_HOURS)
        known = IdempotencyKey.objects.filter(**who).first()
        if known is not None and known.created_at >= earliest:
            return replay(known, digest)
        if known is not None:
            known.delete()
        response = attempt(view, handler, request, *args, **kwargs)
        if is_lasting(response):
            IdempotencyKey.objects.create(
                **who,
                fingerprint=digest,
                status=response.status_code,
                headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
                body=seal(response.content),
            )
        return response


def take(name: str) -> None:
    """Hold the name until the transaction ends; raise 409 where another transaction has it."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"idempotency {name}"])
        if not cursor.fetchone()[0]:
            raise Problem("conflict", _("The same request is still running."), Retry_After="1")


def replay(known: IdempotencyKey, digest: str) -> HttpResponse:
    """Return the answer that was kept; raise 422 where the key was used for another request."""
    if known.fingerprint != digest:
        raise Problem("rule_broken", _("This idempotency key was used for another request."))
    return HttpResponse(unseal(bytes(known.body)), status=known.status, headers={**known.headers, REPLAYED: "true"})


def attempt(view: Any, handler: Callable[..., Any], request: ApiRequest, *args: Any, **kwargs: Any) -> Any:
    """Return the rendered answer of the handler; of a refusal, nothing else stays."""
    try:
        with transaction.atomic():
            response = handler(request, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 -- as DRF does: its handler knows what to make of each
        response = view.handle_exception(error)
    response = view.finalize_response(request, response, *args, **kwargs)
    return response.render() if hasattr(response, "render") else response


def is_lasting(response: Any) -> bool:
    """Tell whether another try would be answered alike."""
    code = response.status_code
    return not response.streaming and code < 500 and code not in PASSING  # noqa: PLR2004 -- RFC 9110, section 15.6


def fingerprint(request: ApiRequest) -> str:
    """Return the SHA-256 of what makes a request this one: method, address, media type and body."""
    is_form = request.content_type.lower().startswith("multipart/")
    kind = "multipart/form-data" if is_form else request.content_type  # clients draw the boundary anew for each try
    digest = sha256("\n".join([str(request.method), request.get_full_path(), kind]).encode())
    digest.update(orjson.dumps(parts_of(request)) if is_form else request._request.body)
    return digest.hexdigest()


def parts_of(request: ApiRequest) -> list[list[str]]:
    """Return the names and texts of a form, and the names and SHA-256 of its files."""
    form: Any = request.data
    return [
        [name, value.name, digest_of(value)] if hasattr(value, "chunks") else [name, str(value)]
        for name, values in sorted(form.lists())
        for value in values
    ]


def digest_of(file: Any) -> str:
    """Return the SHA-256 of an uploaded file."""
    digest = sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def forget_old_keys() -> None:
    """Delete answers that are no longer replayed."""
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - timedelta(hours=settings.IDEMPOTENCY_HOURS)).delete()
