"""Sending to addresses that strangers name: only to where a stranger could send too, and never for long."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import closing, contextmanager, suppress
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
# What clouds tell their machines in confidence, at addresses that look public; all others stand in private ranges.
CONFIDENTIAL: Final = frozenset({IPv4Address("168.63.129.16")})  # Azure


class Unsendable(Exception):
    """The address cannot be sent to, or what was sent was not answered; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What a receiver answered; cut off after 64 KiB."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class WholeLines(io.BufferedReader):
    """What a receiver sends; a line that is broken off is none, so that `HTTP/1.1 200` and silence are no success."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line with its end; raise IncompleteRead where there is none."""
        line = super().readline(size)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        return line


class Response(http.client.HTTPResponse):
    """An answer whose status and headers came whole."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = WholeLines(self.fp.detach())


class Connection(http.client.HTTPConnection):
    """A connection that is there already."""

    response_class = Response


def send(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """POST to an address, to the very machine that was checked; no redirect is followed. Raise Unsendable."""
    parts = check(url)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with closing(socket.create_connection((resolve(host, port), port), CONNECT_SECONDS)) as plain, limited(plain):
            return converse(plain, parts, host, port, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unsendable(str(error) or type(error).__name__) from error


@contextmanager
def limited(plain: socket.socket) -> Iterator[None]:
    """Cut a conversation off that takes longer than the total; the handle is our own, for TLS takes the other away."""
    with closing(plain.dup()) as handle:
        cut = Timer(TOTAL_SECONDS, shut, [handle])
        cut.daemon = True
        cut.start()
        try:
            yield
        finally:
            cut.cancel()
            cut.join()


def converse(
    plain: socket.socket, parts: SplitResult, host: str, port: int, body: bytes, headers: dict[str, str]
) -> Answer:
    """Send over a connection and read the answer, whose status and headers must be there in time; its body need not."""
    end = time.monotonic() + TOTAL_SECONDS
    plain.settimeout(TOTAL_SECONDS)
    with closing(secured(plain, host) if parts.scheme == "https" else plain) as line:
        client = Connection(host, port)
        client.sock = line
        client.request("POST", target(parts), body, {**headers, "Connection": "close"})
        response = client.getresponse()
        if time.monotonic() > end:
            raise TimeoutError(_("The receiver took too long."))
        return Answer(response.status, dict(response.getheaders()), what_came(response))


def secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    """Return a connection with TLS, to whom the certificate says."""
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def what_came(response: http.client.HTTPResponse) -> bytes:
    """Return the beginning of a body, as far as it came in time: the status has said all that counts."""
    body = bytearray()
    with suppress(OSError, http.client.HTTPException, ValueError):
        while len(body) < MOST_READ and (block := response.read1(MOST_READ - len(body))):
            body += block
    return bytes(body)


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
    return all(one.is_global and not one.is_multicast and one not in CONFIDENTIAL for one in meant(address))


def meant(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield an address, and the IPv4 addresses that it carries: mapped, 6to4, Teredo, NAT64."""
    yield address
    if isinstance(address, IPv6Address):
        carried: list[Any] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            carried.append(IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (one for one in carried if one is not None)
