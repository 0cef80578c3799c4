"""Where a request comes from."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

HOUSEHOLD: Final = 64  # bits of an IPv6 address that name a network; whoever has it has all of its addresses
TRANSLATED: Final = IPv6Network("64:ff9b::/96")  # clients of IPv4 behind a translator, each its own (RFC 6052)
PORT: Final = re.compile(r"\[(?P<long>[^]]*)\](?::\d+)?|(?P<short>[^:]*):\d+")  # as some proxies add it


def client_network(request: HttpRequest) -> str:
    """Return the address by which a client is counted: of IPv6 that of its /64 network (RFC 6177), else its own."""
    address = ip_address(client_address(request))
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address in TRANSLATED:
        return str(IPv4Address(address.packed[-4:]))
    return str(ip_network((address, HOUSEHOLD), strict=False).network_address)


def client_address(request: HttpRequest) -> str:
    """Return the client's network address, as the outermost of TRUSTED_PROXIES proxies saw it.

    What a client itself writes into X-Forwarded-For stands further left and is never believed.
    """
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    count = settings.TRUSTED_PROXIES
    seen = chain[-count] if 0 < count <= len(chain) else request.META.get("REMOTE_ADDR", "")
    found = PORT.fullmatch(seen)
    alone = (found["long"] or found["short"]) if found else seen
    try:
        return str(ip_address(alone.partition("%")[0]))  # a zone says something to this machine only (RFC 4007)
    except ValueError:
        return "0.0.0.0"  # noqa: S104 -- a unix socket has no address
