"""What Schemathesis cannot know of the document: how XML is written here, and what an address of the web looks like."""

from __future__ import annotations

import os
import re
from typing import Any

import django
import schemathesis
from hypothesis import strategies

django.setup()

from crm.api.characters import CONTROL  # noqa: E402 -- Django comes first
from crm.api.renderers import element  # noqa: E402 -- Django comes first

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
WORDS = strategies.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True)
ADDRESSES = strategies.builds("https://{}.example.com/{}".format, WORDS, WORDS)

schemathesis.openapi.format("uri", ADDRESSES)


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Give what belongs to a customer one that there is, so that more than the refusal is judged."""
    if isinstance(body, dict) and UUID.fullmatch(str(body.get("customer"))):
        body["customer"] = os.environ["JUDGE_CUSTOMER"]
    return body


@schemathesis.hook
def map_headers(context: Any, headers: Any) -> Any:
    """Take invented names of the host away: with DEBUG, Django answers them with a page of its own."""
    return {name: value for name, value in (headers or {}).items() if name.lower() != "host"}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Leave out the number 0 as a version, which Schemathesis sends as if the pattern of an ETag allowed it."""
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for name in ("If-Match", "If-None-Match"):
            if (case.headers or {}).get(name) in {"0", 0}:
                del case.headers[name]


def repr_of(value: Any) -> str:
    """Return all texts in a value, one after the other."""
    if isinstance(value, dict):
        return repr_of([*value, *value.values()])
    return "".join(map(repr_of, value)) if isinstance(value, list) else str(value)


def with_plain_names(value: Any) -> Any:
    """Return a value whose members have names that XML can carry, and no two the same."""
    if isinstance(value, dict):
        return {
            CONTROL.sub(lambda found: f"u{ord(found[0]):04x}", name): with_plain_names(one)
            for name, one in value.items()
        }
    return [with_plain_names(one) for one in value] if isinstance(value, list) else value


@schemathesis.serializer("application/xml")
def as_xml(context: Any, value: Any) -> bytes:
    """Write a body with the attributes that keep numbers, booleans and null apart from texts.

    XML has no control characters: a body that is to be refused for one of them is refused as XML; in names that may be
    anything, others stand for them.
    """
    meta = context.case.meta
    if meta is not None and not meta.generation.mode.is_positive and CONTROL.search(repr_of(value)):
        return b"<"
    return "".join(element("body", with_plain_names(value))).encode()
