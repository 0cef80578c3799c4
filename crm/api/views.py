"""What every answer of the API carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import http_date

from crm.api.filters import refuse_other_encodings, refuse_unknown
from crm.api.idempotency import use_once
from crm.api.renderers import CSVRenderer, JSONLinesRenderer
from crm.api.throttles import rate_limit_headers

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request
    from rest_framework.response import Response


@dataclass(frozen=True)
class Deprecation:
    """Since when an operation is deprecated (RFC 9745), until when it answers (RFC 8594), and what to do instead."""

    since: datetime
    until: datetime
    guide: str

    def headers(self) -> dict[str, str]:
        """Return the headers that announce it."""
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": http_date(self.until.timestamp()),
            "Link": f'<{self.guide}>; rel="deprecation"',
        }


class AnswerHeaders:
    """A mixin for API views: rate limits, caching, variation and the life cycle.

    `parameters` are those of the query; None where each action has its own. `tabular` names the actions that answer
    CSV too, `own_refusals` the statuses with which these views refuse besides those that all share.
    """

    parameters: ClassVar[tuple[str, ...] | None] = ("format",)
    deprecation: ClassVar[Deprecation | None] = None
    tabular: ClassVar[tuple[str, ...]] = ("list",)
    own_refusals: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Check who calls, and that the query can be read and says nothing unknown."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if "%" in request.META["QUERY_STRING"]:
            refuse_other_encodings(request.META["QUERY_STRING"])
        if self.parameters is not None:
            refuse_unknown(request.query_params, self.parameters)
        use_once(self, request)

    def get_renderers(self) -> list[Any]:
        """Return the media types: CSV is for lists; an export is lines of one kind or the other."""
        if getattr(self, "action", "") == "export":
            return [CSVRenderer(), JSONLinesRenderer()]
        renderers: list[Any] = super().get_renderers()  # type: ignore[misc]
        if getattr(self, "action", "") is None:  # a method that there is not: 405, whatever format it asks for
            return [*renderers, JSONLinesRenderer()]
        return [item for item in renderers if item.format != "csv" or getattr(self, "action", "") in self.tabular]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Answer which methods there are, in the header Allow."""
        from rest_framework.response import Response

        return Response(status=204)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Add the headers that hold for every operation."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        for name, value in rate_limit_headers(request):
            response.headers[name] = value
        if self.deprecation is not None:
            links = response.headers.get("Link")
            for name, value in self.deprecation.headers().items():
                response.headers[name] = f"{links}, {value}" if name == "Link" and links else value
        patch_vary_headers(response, ["Accept", "Authorization"])
        if "ETag" in response.headers:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(response, no_store=True)
        return response
