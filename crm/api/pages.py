"""What Django answers where no view does: a page for a browser, a problem for everyone else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from crm.api.constraints import as_delay
from crm.api.errors import BY_STATUS, PROBLEMS, Problem, problem_response
from crm.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest


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


def page_or_problem(request: HttpRequest, code: int, detail: str = "") -> HttpResponse:
    """Answer a browser outside of the API with a page, everyone else with a problem."""
    is_page = not request.path.startswith("/api/") and request.accepts("text/html") and "Accept" in request.headers
    if not is_page:
        return problem_response(request, code, detail=detail)
    title = PROBLEMS[BY_STATUS[code]][1]
    said = {"title": title, "detail": detail, "status": code, "request_id": request_id()}
    return HttpResponse(render_to_string("crm/error.html", said), status=code)  # without a request: nobody is asked for


def problems_page(request: HttpRequest) -> HttpResponse:
    """List the problem types; where the `type` of a problem leads."""
    rows = [{"name": name, "status": code, "title": title} for name, (code, title) in PROBLEMS.items()]
    return render(request, "crm/problems.html", {"problems": rows})
