"""Every refusal and failure, as problem details (RFC 9457)."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.signals import got_request_exception
from django.db import DatabaseError, IntegrityError
from django.db.models import ProtectedError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.views import set_rollback

from crm.api.characters import without_control_characters
from crm.api.constraints import as_delay, as_refusal
from crm.api.renderers import JSONRenderer, XMLRenderer, renderer_for
from crm.auth.hashing import Busy, refused
from crm.logs import request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.response import Response

logger = logging.getLogger("django.request")

PROBLEMS: dict[str, tuple[int, Any]] = {
    "invalid": (400, _("The request is not valid")),
    "malformed": (400, _("The body cannot be read")),
    "not_authenticated": (401, _("Sign in first")),
    "authentication_failed": (401, _("The credentials are not valid")),
    "permission_denied": (403, _("Not allowed")),
    "insufficient_scope": (403, _("The token lacks a scope")),
    "not_found": (404, _("Not found")),
    "method_not_allowed": (405, _("Method not allowed")),
    "not_acceptable": (406, _("No such representation")),
    "conflict": (409, _("In conflict with other data")),
    "still_referred_to": (409, _("Something still refers to it")),
    "gone": (410, _("No longer there")),
    "precondition_failed": (412, _("Changed in the meantime")),
    "too_large": (413, _("The body is too large")),
    "unsupported_media_type": (415, _("The media type is not supported")),
    "rule_broken": (422, _("Against a rule of the data")),
    "precondition_required": (428, _("Say which version you change")),
    "throttled": (429, _("Too many requests")),
    "error": (500, _("Something went wrong here")),
    "unavailable": (503, _("Not available at the moment")),
}
DATA_CODES = {
    "does_not_exist",
    "unknown_custom_field",
    "invalid_custom_value",
    "required_custom_field",
    "unknown_time_zone",
    "not_an_address",
    "not_an_origin",
    "unknown_cursor",
    "invalid_scope",
    "overflow",
    "period_reversed",
    "secret_needed",
    "unknown_currency",
    "unreadable_conditions",
    "unreadable_hours",
}
BY_STATUS = {code: name for name, (code, _title) in reversed(PROBLEMS.items())}


class Problem(exceptions.APIException):
    """A refusal by one of the names in PROBLEMS."""

    def __init__(
        self, name: str, detail: Any = None, *, errors: list[dict[str, Any]] | None = None, **headers: str
    ) -> None:
        """Take the name, a sentence for people, and what is wrong where."""
        self.status_code = PROBLEMS[name][0]
        self.name = name
        self.errors = errors
        self.headers = {key.replace("_", "-"): value for key, value in headers.items()}
        super().__init__(detail or PROBLEMS[name][1], name)


class ParameterError(exceptions.ValidationError):
    """A refusal of query parameters, by name."""

    def __init__(self, parameter: str, detail: Any, code: str = "invalid") -> None:
        """Take the parameter's name and a sentence for people."""
        super().__init__({parameter: [ErrorDetail(detail, code=code)]})

    @classmethod
    def of(cls, errors: dict[str, Any]) -> ParameterError:
        """Return the refusal of several parameters at once."""
        error = cls("", "")
        error.detail = errors
        return error


def document(request: Any, name: str, detail: str = "", errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the members of a problem."""
    code, title = PROBLEMS[name]
    return {
        "type": f"{settings.BASE_URL}/api/problems#{name}",
        "title": str(title),
        "status": code,
        "detail": without_control_characters(detail or str(title)),
        "instance": without_control_characters(request.path),
        "request_id": request_id(),
        **({"errors": errors} if errors else {}),
    }


def problem_response(request: HttpRequest, code: int, name: str = "", detail: str = "") -> HttpResponse:
    """Return a problem outside of the API's views, named by its status unless a name is given."""
    if name not in PROBLEMS:
        name = BY_STATUS.get(code, "error" if code >= status.HTTP_500_INTERNAL_SERVER_ERROR else "invalid")
    renderer = renderer_for(request)
    body = renderer.render(document(request, name, detail) | {"status": code})
    return HttpResponse(body, status=code, content_type=f"application/problem+{renderer.format}")


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of an API view with a problem; the setting EXCEPTION_HANDLER of DRF."""
    from rest_framework.response import Response

    request = context["request"]
    set_rollback()
    known = recognised(error)
    if known is None:
        logger.error("Unhandled error at %s", request.path, exc_info=error)
        got_request_exception.send(sender=None, request=request._request)
        known = Problem("error", _("The error is on record under this request id."))
    response = Response(
        document_of(request, known),
        status=known.status_code,
        headers={**headers_of(known), **getattr(known, "headers", {})},
    )
    use_problem_media_type(request, response)
    return response


def document_of(request: Any, known: exceptions.APIException) -> dict[str, Any]:
    """Return the problem that a refusal is answered with."""
    name = known.name if isinstance(known, Problem) else name_of(known)
    detail = str(known.detail) if isinstance(known.detail, str) else ""
    return document(request, name, detail, faults_of(known)) | {"status": known.status_code}


def faults_of(known: exceptions.APIException) -> list[dict[str, Any]] | None:
    """Return what is wrong where, as far as a refusal says."""
    return known.errors if isinstance(known, Problem) else flattened(known)


def recognised(error: Exception) -> exceptions.APIException | None:
    """Return the refusal that an exception stands for; None where it is a failure of ours."""
    if isinstance(error, exceptions.ValidationError) and all(
        item["code"] in DATA_CODES for item in flattened(error) or ()
    ):
        return Problem("rule_broken", errors=flattened(error))
    if isinstance(error, exceptions.APIException):
        return error
    return next((refuse(error) for kind, refuse in MEANINGS.items() if isinstance(error, kind)), None)


def still_referred_to(error: ProtectedError) -> Problem:
    """Name what refers to the record that was to be deleted, ten of them at most."""
    return Problem("still_referred_to", errors=[referrer(item) for item in list(error.protected_objects)[:10]])


def referrer(item: Model) -> dict[str, Any]:
    """Say which record refers to the one that was to be deleted."""
    kind = str(item._meta.verbose_name)
    detail = _("%(kind)s %(id)s refers to it.") % {"kind": kind, "id": item.pk}
    return {"pointer": "", "code": item._meta.label_lower, "detail": detail, "id": str(item.pk)}


def rule_broken(error: DjangoValidationError) -> Problem:
    """Return the problem of what a model or an action refuses, though each value by itself is as documented."""
    fields = error.error_dict if hasattr(error, "error_dict") else {"non_field_errors": error.error_list}
    detail = {
        name: [ErrorDetail(text, code=item.code or "invalid") for item in items for text in item.messages]
        for name, items in fields.items()
    }
    return Problem("rule_broken", errors=flattened(exceptions.ValidationError(detail)))


def name_of(error: exceptions.APIException) -> str:
    """Return the problem's name for one of DRF's exceptions."""
    codes = error.get_codes()
    if isinstance(error, exceptions.ParseError):
        return "malformed"
    return codes if isinstance(codes, str) and codes in PROBLEMS else BY_STATUS.get(error.status_code, "invalid")


def headers_of(error: exceptions.APIException) -> dict[str, str]:
    """Return the headers that the status asks for: a challenge, or when to come back."""
    challenge, seconds = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return headers if seconds is None else {**headers, "Retry-After": f"{max(1, math.ceil(seconds))}"}


def flattened(error: exceptions.APIException) -> list[dict[str, Any]] | None:
    """Return what is wrong where: JSON pointers (RFC 6901) into the body, or names of query parameters."""
    if not isinstance(error, exceptions.ValidationError):
        return None
    found: list[dict[str, Any]] = []
    collect(error.detail, (), found)
    if isinstance(error, ParameterError):
        return [{"parameter": item.pop("pointer").removeprefix("/"), **item} for item in found]
    return found


def collect(detail: Any, path: tuple[str, ...], found: list[dict[str, Any]]) -> None:
    """Add each single refusal in DRF's nested form to `found`."""
    if isinstance(detail, dict):
        for name, item in detail.items():
            collect(item, path if name == "non_field_errors" else (*path, str(name)), found)
    elif isinstance(detail, list):
        for position, item in enumerate(detail):
            collect(item, path if isinstance(item, ErrorDetail) else (*path, str(position)), found)
    else:
        pointer = without_control_characters("".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path))
        found.append({"pointer": pointer, "code": detail.code, "detail": without_control_characters(str(detail))})


def use_problem_media_type(request: Request, response: Response) -> None:
    """Answer in XML who asked for XML, everyone else in JSON."""
    is_xml = isinstance(getattr(request, "accepted_renderer", None), XMLRenderer)
    request.accepted_renderer = XMLRenderer() if is_xml else JSONRenderer()
    request.accepted_media_type = request.accepted_renderer.media_type
    response.content_type = "application/problem+xml" if is_xml else "application/problem+json"


MEANINGS: dict[type[Exception], Callable[[Any], exceptions.APIException | None]] = {
    Http404: lambda _error: Problem("not_found"),
    PermissionDenied: lambda _error: Problem("permission_denied"),
    RequestDataTooBig: lambda _error: Problem("too_large"),
    SuspiciousOperation: lambda _error: Problem("invalid"),
    ProtectedError: still_referred_to,
    DjangoValidationError: rule_broken,
    IntegrityError: lambda error: as_refusal(error, Problem),
    Busy: lambda _error: refused(Problem),
    DatabaseError: lambda error: as_delay(error, Problem),
}
