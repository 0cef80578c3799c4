"""What Django answers where no view does: a page for people, a problem for programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from crm.api.constraints import as_delay
from crm.api.errors import BY_STATUS, PROBLEMS, Problem, problem_response
from crm.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest

PAGE: Final = "text/html"
MEDIA_TYPES: Final = ["application/json", "application/xml", PAGE]  # the first for who takes anything


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    code = 413 if isinstance(exception, RequestDataTooBig) else 400
    return page_or_problem(request, code)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return page_or_problem(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404, and whatever the API's URL map does not know."""
    return page_or_problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    error = sys.exception()
    delay = answer_delay(request, error) if isinstance(error, DatabaseError) else None
    return delay or page_or_problem(request, 500)


def answer_delay(request: HttpRequest, error: DatabaseError) -> HttpResponse | None:
    """Answer 503, and when to come back, to what may well succeed later; None where the failure is ours."""
    known = as_delay(error, Problem)
    if known is None:
        return None
    answer = page_or_problem(request, known.status_code, str(known.detail))
    answer.headers["Retry-After"] = known.headers["Retry-After"]
    answer._has_been_logged = True  # type: ignore[attr-defined]  # as one line already
    return answer


def is_for_people(request: HttpRequest) -> bool:
    """Tell whether a page is wanted: browsers ask for one by name, programs for anything or for data."""
    return request.get_preferred_type(MEDIA_TYPES) == PAGE


def page_or_problem(request: HttpRequest, code: int, detail: str = "") -> HttpResponse:
    """Answer people outside of the API's version 1 with a page, programs with a problem."""
    response: HttpResponse
    if request.path.startswith("/api/v1/") or not is_for_people(request):
        response = problem_response(request, code, detail=detail)
    else:
        title = PROBLEMS[BY_STATUS[code]][1]
        said = {"title": title, "detail": detail, "status": code, "request_id": request_id()}
        # Made without the request: who is signed in is not asked of a database that may be away.
        response = HttpResponse(render_to_string("crm/error.html", said), status=code)
    patch_vary_headers(response, ["Accept"])
    return response


def problems_page(request: HttpRequest) -> HttpResponse:
    """List the problem types; where the `type` of a problem leads."""
    rows = [{"name": name, "status": code, "title": title} for name, (code, title) in PROBLEMS.items()]
    return render(request, "crm/problems.html", {"problems": rows})
