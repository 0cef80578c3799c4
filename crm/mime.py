"""Parses e-mail that comes in (RFC 5322, RFC 2045): one that is made to hurt takes no more than its share of time."""

from __future__ import annotations

import email
import re
from email.errors import MessageError
from email.policy import Compat32
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import Message

BOM: Final = b"\xef\xbb\xbf"
LONGEST_HEADER: Final = 50_000
LONGEST_OF_MIME: Final = 8000  # the library takes the square of it
MOST_LINES: Final = 20_000_000  # times the number of multiparts, each of which looks at each line
MOST_BOUNDARIES: Final = 20_000
# What the library raises, as it parses or later, for an e-mail that is badly made.
BROKEN: Final = (RecursionError, MemoryError, ValueError, LookupError, TypeError, AttributeError, MessageError)


class Unreadable(Exception):
    """What came is no e-mail: it has no sender, or is nested beyond measure."""


class Bounded(Compat32):
    """Python's old policy, with headers that are no longer than anybody needs."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        """Return the name and the value of a header, cut."""
        name, value = super().header_source_parse(list(sourcelines))
        most = LONGEST_OF_MIME if name.lower().startswith("content-") else LONGEST_HEADER
        return name, value[:most]


def parsed(raw: bytes) -> Message:
    """Return an e-mail; raise Unreadable for one that would take too long, or that the library cannot parse."""
    if is_beyond_measure(raw):
        raise Unreadable("too many parts")
    try:
        return email.message_from_bytes(raw.removeprefix(BOM), policy=Bounded())
    except BROKEN as error:
        raise Unreadable(type(error).__name__) from error


def is_beyond_measure(raw: bytes) -> bool:
    """Tell whether an e-mail has so many parts, in one another or side by side, that only reading it would hurt."""
    multiparts = len(re.findall(rb"multipart/", raw, re.IGNORECASE))
    if not multiparts:
        return False
    return raw.count(b"\n") * multiparts > MOST_LINES or raw.count(b"\n--") > MOST_BOUNDARIES
