"""Sending to addresses that strangers name: only to where a stranger could send too, and never for long."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

CONNECT_SECONDS: Final = 5
TOTAL_SECONDS: Final = 15
MOST_READ: Final = 64 * 1024
NAT64: Final = IPv6Network("64:ff9b::/96")
PUBLIC: Final = (IPv6Network("2000::/3"), IPv6Network("::ffff:0:0/96"), NAT64)  # of IPv6, all that is assigned


class Unsendable(Exception):
    """The address cannot be sent to, or what was sent was not answered; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; cut off after 64 KiB."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def send(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """POST to an address, to the very machine that was checked; no redirect is followed. Raise Unsendable."""
    parts = check(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with closing(socket.create_connection((resolve(host, port), port), CONNECT_SECONDS)) as plain:
            return converse(plain, parts, host, port, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unsendable(str(error) or type(error).__name__) from error


def converse(
    plain: socket.socket, parts: SplitResult, host: str, port: int, body: bytes, headers: dict[str, str]
) -> Answer:
    """Send over a connection and read the answer; whatever takes longer than the total is cut off."""
    cut = Timer(TOTAL_SECONDS, shut, [plain])
    cut.daemon = True
    cut.start()
    try:
        secure = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if parts.scheme == "https" else plain
        )
        secure.settimeout(TOTAL_SECONDS)
        client = http.client.HTTPConnection(host, port)
        client.sock = secure
        client.request("POST", target(parts), body, {**headers, "Connection": "close"})
        response = client.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read(MOST_READ))
    finally:
        cut.cancel()


def shut(connection: socket.socket) -> None:
    """End a conversation from outside."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def target(parts: SplitResult) -> str:
    """Return the path and query of an address."""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def check(url: str) -> SplitResult:
    """Return the parts of an address; raise Unsendable for one that is none, or says more than it should."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unsendable(_("Not an address of the web.")) from error
    schemes = {"https", "http"} if settings.WEBHOOK_ALLOW_PRIVATE else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise Unsendable(_("Use an address that begins with https."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Unsendable(_("Leave user, password and fragment out of the address."))
    return parts


def resolve(host: str, port: int) -> str:
    """Return the network address of a name; raise Unsendable where any of its addresses is not a public one."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unsendable(_("The name cannot be resolved.")) from error
    addresses = sorted(found, key=lambda text: (":" in text, text))
    if not settings.WEBHOOK_ALLOW_PRIVATE and not all(is_public(text) for text in addresses):
        raise Unsendable(_("The address leads into a private network."))
    return addresses[0]


def is_public(text: str) -> bool:
    """Tell whether an address is reachable by everybody, and so is any that it stands for."""
    address = ip_address(text.partition("%")[0])
    if address.version == 6 and not any(address in network for network in PUBLIC):  # noqa: PLR2004 -- of IP
        return False
    return all(one.is_global and not one.is_multicast for one in meant(address))


def meant(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield an address, and the IPv4 addresses that it carries: mapped, 6to4, Teredo, NAT64."""
    yield address
    if isinstance(address, IPv6Address):
        carried: list[Any] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (one for one in carried if one is not None)
