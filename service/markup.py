"""HTML of strangers: which parts of it stay, and how a page of ours shows them.

No picture is loaded, since that would tell the sender who reads when: its words stand in its place.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

import nh3
from django.template.defaultfilters import linebreaksbr, urlize
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from service.models import TicketMessage

TAGS: Final = nh3.ALLOWED_TAGS - {"area", "map"}
ATTRIBUTES: Final = {**nh3.ALLOWED_ATTRIBUTES, "a": {"href", "title"}, "img": {"alt"}, "blockquote": set()}
SCHEMES: Final = {"http", "https", "mailto", "tel"}
# What nh3 writes: attributes always in double quotes, in which there are none.
PICTURE: Final = re.compile(r'<img((?:\s[a-z-]+="[^"]*")*)>')
WORDS: Final = re.compile(r'\salt="([^"]*)"')
QUOTE: Final = re.compile(r'<(/?)blockquote(?:\s[a-z-]+="[^"]*")*>')
TAG: Final = re.compile(r'<[^<>"]*(?:"[^"]*"[^<>"]*)*>|&nbsp;|\s')
# The line before a quotation, as mail programs write it, and the one before a forwarded message.
INTRODUCTION: Final = re.compile(
    r".{0,300}(wrote|schrieb|écrit|escribió|ha scritto|写道)\s*(.{0,60})?[:\uff1a]\s*\Z|\A-{3,}.{3,60}-{3,}\Z"
)


def clean(text: str, **more: Any) -> str:
    """Return HTML without what acts: no scripts, forms, frames, styles, nor addresses but of the web.

    Of pictures stays what they say. `more` is what else nh3 is told.
    """
    known = {name: set(values) for name, values in ATTRIBUTES.items()}
    rel = "noopener noreferrer nofollow"
    found = nh3.clean(text, tags=set(TAGS), attributes=known, url_schemes=set(SCHEMES), link_rel=rel, **more)
    return PICTURE.sub(lambda match: match[0] if said_by(match) else "", found).strip()


def said_by(picture: re.Match[str]) -> str:
    """Return the words of a picture that nh3 has written."""
    words = WORDS.search(picture[1])
    return html.unescape(words[1]).strip() if words else ""


def shown(message: TicketMessage) -> SafeString:
    """Return what a message says as HTML of our pages: with its form where it has one, quotations folded."""
    return shown_html(message.html) if message.html else shown_text(message.body)


def shown_html(text: str) -> SafeString:
    """Return HTML of strangers to be shown: harmless, links in windows of their own, pictures as words."""
    harmless = clean(text, set_tag_attribute_values={"a": {"target": "_blank"}})
    worded = PICTURE.sub(lambda match: format_html("<em>[{}: {}]</em>", _("picture"), said_by(match)), harmless)
    start, end = quotation(worded)
    if start == end:
        return mark_safe(worded)  # noqa: S308 -- cleaned by nh3 just now
    return mark_safe(worded[:start] + folded(worded[start:end]) + worded[end:])  # noqa: S308 -- the same


def shown_text(text: str) -> SafeString:
    """Return a text to be shown: its addresses are links."""
    said, quoted = parted(text)
    tail = folded(linked(quoted)) if quoted else ""
    return mark_safe(linked(said) + tail)  # noqa: S308 -- both were escaped and cleaned


def linked(text: str) -> str:
    """Return a text as HTML in which addresses are links."""
    return clean(linebreaksbr(urlize(text)), set_tag_attribute_values={"a": {"target": "_blank"}})


def folded(harmless: str) -> SafeString:
    """Return HTML of ours that is seen once somebody asks for it."""
    form = '<details class="ticket-quoted"><summary>{}</summary>{}</details>'
    return format_html(form, _("Quoted text"), mark_safe(harmless))  # noqa: S308 -- cleaned before


def quotation(clean_html: str) -> tuple[int, int]:
    """Return where the quotation at the end begins and ends; the same place twice where there is none."""
    depth, start, end = 0, 0, 0
    for match in QUOTE.finditer(clean_html):
        if not match[1]:
            start = start if depth else match.start()
            depth += 1
        else:
            depth -= 1
            end = end if depth else match.end()
    return (0, 0) if TAG.sub("", clean_html[end:]) else (start, end)


def parted(text: str) -> tuple[str, str]:
    """Return what a text says, and what it quotes at its end, with the line before that; empty where it quotes all."""
    lines = text.rstrip().split("\n")
    place = len(lines)
    while place and (lines[place - 1].startswith(">") or not lines[place - 1].strip()):
        place -= 1
    if not any(line.startswith(">") for line in lines[place:]):
        return text, ""
    if place and INTRODUCTION.match(lines[place - 1].strip()):
        place -= 1
    said = "\n".join(lines[:place]).rstrip()
    return (said, "\n".join(lines[place:]).strip("\n")) if said else (text, "")
