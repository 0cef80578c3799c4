"""How bodies are read: JSON, JSON Merge Patch and XML."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import orjson
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XML_DEPTH = 50


def read_body(stream: IO[bytes]) -> bytes:
    """Return the whole body; raise RequestDataTooBig beyond the limit."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise RequestDataTooBig
    return body


class UntypedText(str):
    """Text of an XML element that states no type, so that it may stand for a number or a boolean too."""

    __slots__ = ()


class JSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raise ParseError for what is not JSON (RFC 8259)."""
        try:
            return orjson.loads(read_body(stream))
        except orjson.JSONDecodeError as error:
            raise ParseError(_("Not JSON: %(reason)s.") % {"reason": error}) from error


class MergePatchParser(JSONParser):
    """JSON Merge Patch (RFC 7396)."""

    media_type = "application/merge-patch+json"


class XMLParser(BaseParser):
    """XML as XMLRenderer writes it; without attributes, an element with children is an object."""

    media_type = "application/xml"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the value; raise ParseError for what is not XML, or declares a document type or entities."""
        try:
            root = ElementTree.fromstring(read_body(stream), forbid_dtd=True)
        except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise ParseError(_("Not XML, or XML with a document type: %(reason)s.") % {"reason": error}) from error
        return value_of(root)


class TextXMLParser(XMLParser):
    media_type = "text/xml"


def value_of(node: Element, depth: int = 0) -> Any:
    """Return the value that an element stands for."""
    if depth > MAX_XML_DEPTH:
        raise ParseError(_("Nested too deeply."))
    if node.get("nil") == "true":
        return None
    kind = node.get("type") or ("object" if len(node) or depth == 0 else "string")
    if kind in {"array", "object"}:
        refuse_text(node)
        return object_of(node, depth) if kind == "object" else [value_of(child, depth + 1) for child in node]
    text = node.text or ""
    if "type" not in node.attrib:
        return UntypedText(text)
    if kind in {"number", "boolean"}:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("Not a %(kind)s: %(text)s.") % {"kind": kind, "text": text[:50]}) from error
    return text


def refuse_text(node: Element) -> None:
    """Raise ParseError for text that stands where only elements have a meaning."""
    if any((text or "").strip() for text in (node.text, *(child.tail for child in node))):
        raise ParseError(_("Text beside elements has no meaning."))


def object_of(node: Element, depth: int) -> dict[str, Any]:
    """Return an element's children by name; raise ParseError where one stands twice."""
    found: dict[str, Any] = {}
    for child in node:
        name = child.get("name") or child.tag
        if name in found:
            raise ParseError(_('Element %(name)s stands twice; write a list as type="array".') % {"name": name[:50]})
        found[name] = value_of(child, depth + 1)
    return found
