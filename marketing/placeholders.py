"""Placeholders in templates: Liquid, which can read what it is given and nothing else.

No file, no included template and no code is reached from a template; loops and output have limits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _
from liquid import DictLoader, Environment, Mode, StrictDefaultUndefined
from liquid.exceptions import LiquidError

from marketing.limits import limited, stray_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liquid import BoundTemplate

UNSAFE_TAGS: Final = ("include", "render", "increment", "decrement")
# What a template may name.
CUSTOMER: Final = (
    "name",
    "first_name",
    "last_name",
    "email",
    "company",
    "job_title",
    "language",
    "country",
)
KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "customer": CUSTOMER,
    "campaign": ("name",),
    "sender": ("name", "email"),
    "unsubscribe_url": (),
    "preferences_url": (),
}
EXAMPLE: Final[Mapping[str, Any]] = {
    name: {one: f"{name} {one}" for one in parts} if parts else "https://example.com/" for name, parts in KNOWN.items()
}


class Unrenderable(Exception):
    """A template cannot be filled in; says why, with the line."""


class Limited(Environment):
    """The language of templates, within limits."""

    context_depth_limit = 10
    loop_iteration_limit = 1_000
    local_namespace_limit = 10_000
    output_stream_limit = 500_000


def made(*, is_html: bool) -> Limited:
    """Return the language; in HTML, values are escaped."""
    environment = Limited(
        tolerance=Mode.STRICT,
        strict_filters=True,
        undefined=StrictDefaultUndefined,
        autoescape=is_html,
        loader=DictLoader({}),
    )
    for name in UNSAFE_TAGS:
        environment.tags.pop(name, None)
    environment.filters = {name: limited(name, apply) for name, apply in environment.filters.items()}
    return environment


LANGUAGES: Final = {True: made(is_html=True), False: made(is_html=False)}


@lru_cache(maxsize=64)
def parsed(source: str, *, is_html: bool) -> BoundTemplate:
    """Return a template as it was read; raise LiquidError."""
    return LANGUAGES[is_html].from_string(source)


def line_of(source: str, index: int) -> int:
    """Return the line in which a sign of a text stands, from 1."""
    return source.count("\n", 0, max(index, 0)) + 1


def told(error: LiquidError, source: str) -> str:
    """Return what is wrong in a template, with the line."""
    index = getattr(error.token, "start_index", 0) if error.token is not None else 0
    return _("Line %(line)d: %(error)s") % {"line": line_of(source, index), "error": error.message}


def check(source: str) -> str:
    """Return what is wrong with a template, with the line; empty where nothing is."""
    try:
        read = parsed(source, is_html=False)
    except LiquidError as error:
        return told(error, source)
    for places in read.analyze().globals.values():
        for place in places:
            if not is_known(place.segments):
                text = _("Line %(line)d: there is no placeholder “%(name)s”.")
                return text % {"line": line_of(source, place.span.index), "name": place}
    for stray in stray_ranges(read):
        text = _("Line %(line)d: a range such as (1..9) stands only where a loop counts.")
        return text % {"line": line_of(source, stray.token.start_index)}
    try:
        fill(source, EXAMPLE)
    except Unrenderable as error:
        return str(error)
    return ""


def is_known(segments: Any) -> bool:
    """Tell whether a placeholder is one that messages have."""
    first, *others = segments
    if first not in KNOWN:
        return False
    return not others if not KNOWN[first] else len(others) == 1 and others[0] in KNOWN[first]


def fill(source: str, values: Mapping[str, Any], *, is_html: bool = False) -> str:
    """Return a template filled in; raise Unrenderable."""
    try:
        return parsed(source, is_html=is_html).render(**values)
    except LiquidError as error:
        raise Unrenderable(told(error, source)) from error
    except Exception as error:  # whatever a filter raises over a value that it does not expect
        raise Unrenderable(f"{type(error).__name__}: {error}") from error
