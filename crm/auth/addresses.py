"""Where a request comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the client's network address, as the outermost of TRUSTED_PROXIES proxies saw it.

    What a client itself writes into X-Forwarded-For stands further left and is never believed.
    """
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    count = settings.TRUSTED_PROXIES
    seen = chain[-count] if 0 < count <= len(chain) else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(seen))
    except ValueError:
        return "0.0.0.0"  # noqa: S104 -- a unix socket has no address
