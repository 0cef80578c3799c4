"""Articles as HTML in which nothing acts."""

from __future__ import annotations

import html
import re
from typing import Final

import nh3
from django.utils.html import escape, linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from service.models.searching import APART, BEGIN, END

TAGS: Final = {
    *("p", "br", "hr", "h2", "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code", "kbd"),
    *("strong", "b", "em", "i", "sub", "sup", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES: Final = {"a": {"href", "title"}, "th": {"colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
# Only a text with such a tag was written as HTML: "press <Enter>" was not.
IS_HTML: Final = re.compile(rf"</?(?:{'|'.join(sorted(TAGS))})[\s/>]", re.IGNORECASE)
MARKED: Final = re.compile(f"{BEGIN}([^{BEGIN}{END}]*){END}")
LEFT_OVER: Final = re.compile(f"[{BEGIN}{END}]")


def as_html(body: str) -> SafeString:
    """Return the text of an article: HTML without what could act, plain text with its paragraphs and links."""
    if not IS_HTML.search(body):
        return mark_safe(linebreaks(urlize(body, autoescape=True)))  # noqa: S308 -- escaped by urlize
    clean = nh3.clean(
        body,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(clean)  # noqa: S308 -- cleaned


def as_snippet(snippet: str) -> SafeString:
    """Return a place in an article, with what was found marked; empty where nothing in it was."""
    if BEGIN not in snippet:
        return SafeString("")
    text = escape(html.unescape(snippet.replace(APART, "")))
    shown = MARKED.sub(r"<mark>\1</mark>", text).replace("</mark><mark>", "")
    return mark_safe(LEFT_OVER.sub("", shown))  # noqa: S308 -- escaped before the marks were put in
