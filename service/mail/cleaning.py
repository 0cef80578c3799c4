"""Makes text of customers harmless and readable."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from service.mail.bounds import is_too_deep, plain_text, without_form
from service.markup import clean

MOST_HTML: Final = 1_000_000
CONFIG: Final = ParserConfig(css=CSS_PROFILES["strict"].copy(), display_links=False)
BLANK: Final = re.compile(r"\n\s*\n\s*\n+")


def readable(text: str) -> str:
    """Return a text without what no screen shows and no database keeps, its lines ended alike."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})


def safe_html(html: str) -> str:
    """Return HTML in which nothing acts: no scripts, forms, frames, styles or addresses but of the web."""
    if not html.strip():
        return ""
    html = readable(html[:MOST_HTML])
    return clean(without_form(html) if is_too_deep(html) else html)


def text_of(html: str) -> str:
    """Return the text of harmless HTML as a page would lay it out."""
    if not html:
        return ""
    text = plain_text(html)
    try:
        text = get_text(html, CONFIG) if text is None else text
    except (RecursionError, ValueError):
        text = nh3.clean(html, tags=set())
    lines = "\n".join(line.rstrip() for line in readable(text).split("\n"))
    return BLANK.sub("\n\n", lines).strip()
