"""Signing messages (RFC 6376), where a key is configured; many providers sign of themselves."""

from __future__ import annotations

from typing import Final

import dkim
from django.conf import settings

# What a signature covers: RFC 6376, section 5.4.1, and RFC 8058, section 4, of the headers to unsubscribe.
SIGNED: Final = (
    *("from", "to", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post"),
)


class Unsigned(Exception):
    """The key cannot be read."""


def is_configured() -> bool:
    """Tell whether messages are signed here."""
    return bool(settings.DKIM_KEY and settings.DKIM_SELECTOR and settings.DKIM_DOMAIN)


def signature(message: bytes) -> str:
    """Return the value of the header `DKIM-Signature` of a message, on one line; raise Unsigned."""
    present = {line.split(b":", 1)[0].decode("latin-1").lower() for line in head(message)}
    try:
        made = dkim.sign(
            message,
            settings.DKIM_SELECTOR.encode(),
            settings.DKIM_DOMAIN.encode(),
            settings.DKIM_KEY.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in SIGNED if name in present],
        )
    except dkim.DKIMException as error:
        raise Unsigned(*error.args) from error
    return " ".join(made.decode("ascii").removeprefix("DKIM-Signature:").split())


def head(message: bytes) -> list[bytes]:
    """Return the first lines of the headers of a message."""
    lines = message.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    return [line for line in lines if line[:1] not in {b" ", b"\t"}]
