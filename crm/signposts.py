"""Where an address leads that is nearly one: with a slash too many or too few at its end.

Everything else that leads nowhere is answered here, in development as in production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.encoding import escape_uri_path, iri_to_uri
from django.utils.http import escape_leading_slashes
from django.views.generic import RedirectView

from crm.api.pages import not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase
    from django.urls import ResolverMatch

READING: Final = {"GET", "HEAD"}
NOT_FOUND: Final = 404  # RFC 9110, section 15.5.5


class Moved(HttpResponseRedirect):
    """A permanent redirect, by which a browser or program asks again in the same way (RFC 9110, section 15.4)."""

    def __init__(self, request: HttpRequest, path: str) -> None:
        """Lead to a path of this site with the query of the request; 308 keeps the method and the body of a change."""
        query = request.META.get("QUERY_STRING", "")
        address = escape_leading_slashes(escape_uri_path(path)) + (f"?{iri_to_uri(query)}" if query else "")
        super().__init__(address)
        self.status_code = 301 if request.method in READING else 308


class Signposts:
    """A middleware: leads on from a slash too many or too few, and answers what leads nowhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what answers the request."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and look for another way only where no view was meant by the address, or none found anything."""
        response = self.get_response(request)
        match = request.resolver_match
        if match is None:  # what Django shows of it in development is no page of ours
            return (lead_on(request) or not_found(request)) if response.status_code == NOT_FOUND else response
        if match.url_name and response.status_code != NOT_FOUND:
            return response
        return lead_on(request) or response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what a view did not find by the same page in development, too."""
        return not_found(request) if isinstance(exception, Http404) else None


def lead_on(request: HttpRequest) -> HttpResponse | None:
    """Return the redirect to the address that was meant; None where the one asked for is one, or no other is."""
    path = request.path_info
    bare = path.rstrip("/")
    others = [other for other in (bare, f"{bare}/") if other != path]
    if not bare or is_view(path):
        return None
    found = next((other for other in others if is_view(other)), None)
    if not (found or is_redirect(path)):
        found = next((other for other in others if is_redirect(other)), None)
    return Moved(request, found) if found else None


def is_view(path: str) -> bool:
    """Tell whether a path is the address of a view; a route without a name only takes what others leave."""
    match = match_of(path)
    return match is not None and bool(match.url_name)


def is_redirect(path: str) -> bool:
    """Tell whether a path, though no view's, is led on by Django itself, as the staff site does of a record's id."""
    match = match_of(path)
    return match is not None and getattr(match.func, "view_class", None) is RedirectView


def match_of(path: str) -> ResolverMatch | None:
    """Return what stands at a path."""
    try:
        return resolve(path)
    except Resolver404:
        return None
