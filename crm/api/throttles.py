"""Answers 429 where a rate limit is used up, and tells every caller how much is left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.throttling import BaseThrottle

from crm.auth.limits import WINDOW, Usage, count_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rest_framework.request import Request
    from rest_framework.views import APIView


class UsageThrottle(BaseThrottle):
    """Refuses the request that exceeds a limit, and says when the next minute begins."""

    resets_in = 0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Tell whether every limit holds."""
        exceeded = [item.resets_in for item in usages(request) if item.is_exceeded]
        self.resets_in = max(exceeded, default=0)
        return not exceeded

    def wait(self) -> float:
        """Return the seconds until the next minute."""
        return self.resets_in


class CredentialsThrottle(UsageThrottle):
    """The limits of the application and of the user, which authentication has counted already."""


class AddressThrottle(UsageThrottle):
    """The limit of a network address, for what can be asked without a token; each view counts apart."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request, then tell whether the limit holds."""
        request.address_usage = count_address(request._request, type(view).__name__)  # type: ignore[attr-defined]
        return super().allow_request(request, view)


def usages(request: Any) -> Iterable[Usage]:
    """Return the limits that count for a request, as far as it has been identified."""
    credentials = getattr(request, "_auth", None)  # `auth` itself would authenticate, and could refuse
    if credentials is not None:
        found: Iterable[Usage] = credentials.rate
        return found
    address = vars(request).get("address_usage")
    return () if address is None else (address,)


def rate_limit_headers(request: Any) -> Iterator[tuple[str, str]]:
    """Yield the headers of draft-ietf-httpapi-ratelimit-headers, as structured fields (RFC 9651)."""
    found = tuple(usages(request))
    if found:
        yield "RateLimit-Policy", ", ".join(f'"{item.name}";q={item.limit};w={WINDOW}' for item in found)
        yield "RateLimit", ", ".join(f'"{item.name}";r={item.left};t={item.resets_in}' for item in found)
