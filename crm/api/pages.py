"""What Django answers where no view does: a page for a browser, a problem for everyone else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import RequestDataTooBig
from django.shortcuts import render

from crm.api.errors import BY_STATUS, PROBLEMS, problem_response
from crm.logs import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


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
    return page_or_problem(request, 500)


def page_or_problem(request: HttpRequest, code: int, detail: str = "") -> HttpResponse:
    """Answer a browser outside of the API with a page, everyone else with a problem."""
    is_page = not request.path.startswith("/api/") and request.accepts("text/html") and "Accept" in request.headers
    if not is_page:
        return problem_response(request, code, detail=detail)
    title = detail or PROBLEMS[BY_STATUS[code]][1]
    return render(request, "crm/error.html", {"title": title, "status": code, "request_id": request_id()}, status=code)


def problems_page(request: HttpRequest) -> HttpResponse:
    """List the problem types; where the `type` of a problem leads."""
    rows = [{"name": name, "status": code, "title": title} for name, (code, title) in PROBLEMS.items()]
    return render(request, "crm/problems.html", {"problems": rows})
