"""Keeps an e-mail that is made to hurt from taking more time and memory than its share."""

from __future__ import annotations

import re
from email.policy import Compat32
from html import escape, unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_HEADER: Final = 50_000
LONGEST_OF_MIME: Final = 8000  # the library takes the square of it
MOST_LINES: Final = 20_000_000  # times the number of multiparts, each of which looks at each line
MOST_BOUNDARIES: Final = 20_000
MOST_BLOCKS: Final = 10_000
WIDEST: Final = 2_000_000  # characters, where each line of a table is made as wide as the widest
DEEPEST: Final = 1000
BLOCK: Final = re.compile(
    r"</?(?:p|div|br|hr|tr|td|th|li|ul|ol|dl|dt|dd|h[1-6]|table|thead|tbody|tfoot|caption|pre|blockquote|center"
    r"|article|aside|details|figure|figcaption|footer|header|nav|section|summary)\b[^<>]*>",
    re.IGNORECASE,
)
TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
NAME: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
ENDED_BY_ITSELF: Final = {
    "area",
    "base",
    "br",
    "col",
    "dd",
    "dt",
    "hr",
    "img",
    "input",
    "li",
    "link",
    "meta",
    "option",
    "p",
} | {"td", "th", "tr", "wbr"}


class Bounded(Compat32):
    """Python's old policy, with headers that are no longer than anybody needs."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        """Return the name and the value of a header, cut."""
        name, value = super().header_source_parse(list(sourcelines))
        most = LONGEST_OF_MIME if name.lower().startswith("content-") else LONGEST_HEADER
        return name, value[:most]


def is_beyond_measure(raw: bytes) -> bool:
    """Tell whether an e-mail has so many parts, in one another or side by side, that only reading it would hurt."""
    multiparts = len(re.findall(rb"multipart/", raw, re.IGNORECASE))
    if not multiparts:
        return False
    return raw.count(b"\n") * multiparts > MOST_LINES or raw.count(b"\n--") > MOST_BOUNDARIES


def is_too_deep(html: str) -> bool:
    """Tell whether elements stand in one another so deep that making them harmless takes the square of the time."""
    depth = 0
    for slash, name in NAME.findall(html):
        if name.lower() not in ENDED_BY_ITSELF:
            depth = max(0, depth + (-1 if slash else 1))
        if depth > DEEPEST:
            return True
    return False


def blocks_of(html: str) -> list[str]:
    """Return the text of HTML, block by block."""
    return [" ".join(unescape(TAG.sub("", one)).split()) for one in BLOCK.split(html)]


def without_form(html: str) -> str:
    """Return HTML with the lines of another, and nothing else of it."""
    return "<br>".join(escape(one) for one in blocks_of(html) if one)


def plain_text(html: str) -> str | None:
    """Return the text of HTML that cannot be laid out in good time, line by line; None for all other HTML."""
    blocks = blocks_of(html)
    if len(blocks) <= MOST_BLOCKS and len(blocks) * max(map(len, blocks)) <= WIDEST:
        return None
    return "\n".join(filter(None, blocks))
