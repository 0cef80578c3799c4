"""How answers are written: JSON, XML and, for lists, CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

import orjson
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

from crm.api.characters import without_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpRequest


class Negotiation(DefaultContentNegotiation):
    """DRF's choice by `Accept` and `?format=`; a format that there is not is 406, as is a media type."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        """Return the renderer and its media type; an empty format is none that there is."""
        if request.query_params.get("format") == "":
            raise NotAcceptable(available_renderers=renderers)
        return super().select_renderer(request, renderers, format_suffix)

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 -- DRF's name
        """Return the renderers of a format; raise NotAcceptable where there is none."""
        chosen = [renderer for renderer in renderers if renderer.format == format]
        if not chosen:
            raise NotAcceptable(available_renderers=renderers)
        return chosen


def plain(data: Any) -> Any:
    """Return the data with every part that is JSON text already read into Python values."""
    return orjson.loads(orjson.dumps(data, default=str))


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)


class XMLRenderer(BaseRenderer):
    """XML whose `type` and `nil` attributes keep what JSON knows of numbers, booleans, null, lists and objects."""

    media_type = "application/xml"
    format = "xml"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        value = plain(data)
        root = "problem" if isinstance(value, dict) and "request_id" in value and "title" in value else "response"
        return f'<?xml version="1.0" encoding="utf-8"?>\n{"".join(element(root, value))}'.encode()


def renderer_for(request: HttpRequest) -> JSONRenderer | XMLRenderer:
    """Return how a request outside of the API's views is answered: in XML where it prefers that, else in JSON."""
    media_types = [JSONRenderer.media_type, XMLRenderer.media_type]
    return XMLRenderer() if request.get_preferred_type(media_types) == XMLRenderer.media_type else JSONRenderer()


def element(name: str, value: Any) -> Iterator[str]:
    """Yield the text of one element; a name that XML does not allow stands in an attribute."""
    tag = name if name.isidentifier() and name.isascii() else "item"
    opening = tag if tag == name else f"item name={quoteattr(without_control_characters(name))}"
    if value is None:
        yield f'<{opening} nil="true"/>'
    elif isinstance(value, dict):
        yield f'<{opening} type="object">'
        for key, item in value.items():
            yield from element(key, item)
        yield f"</{tag}>"
    elif isinstance(value, list):
        yield f'<{opening} type="array">'
        for item in value:
            yield from element("item", item)
        yield f"</{tag}>"
    else:
        yield f"<{opening}{scalar(value)}</{tag}>"


def scalar(value: Any) -> str:
    """Return the rest of an opening tag and the text of a single value."""
    if isinstance(value, bool):
        return f' type="boolean">{"true" if value else "false"}'
    if isinstance(value, int | float):
        return f' type="number">{value!r}'
    return f">{escape(without_control_characters(value), {chr(13): '&#13;'})}"


class CSVRenderer(BaseRenderer):
    """A page of a list with one line a record (RFC 4180); lists of texts have commas, others and objects are JSON.

    Each custom field has a column of its own, as in an export.
    """

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        rows: list[Mapping[str, Any]] = plain(data)["results"]
        view = (renderer_context or {})["view"]
        names = view.column_names() if not rows else list(rows[0])
        custom = view.custom_columns() if "custom" in names else {}
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([*names, *custom])
        for row in rows:
            own = [custom_cell(row["custom"].get(name)) for name in custom.values()]
            writer.writerow([*(cell(row[name]) for name in names), *own])
        return out.getvalue().encode()


class JSONLinesRenderer(BaseRenderer):
    """One JSON object a line: what an export streams."""

    media_type = "application/jsonl"
    format = "jsonl"
    charset = None


def cell(value: Any) -> Any:
    """Return one value as it stands in a cell."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, dict | list | bool):
        return orjson.dumps(value).decode()
    return value


def custom_cell(value: Any) -> Any:
    """Return the value of a custom field as it stands in a cell, here and in exports: what is no text as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
