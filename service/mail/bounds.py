"""Keeps HTML that is made to hurt from taking more time and memory than its share."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final

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
