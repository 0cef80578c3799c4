"""Custom fields in the document that a running installation serves; the committed one knows of none."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from crm.api.schema.fields import CUSTOM_VALUES, STORED_TEXT, nullable
from crm.custom.values import MAX_CHOICES, MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm.models import CustomField

_described: ContextVar[dict[Any, list[CustomField]] | None] = ContextVar("described", default=None)


@contextmanager
def described(fields: Iterable[CustomField]) -> Iterator[None]:
    """Let the document that is made in the block describe these fields."""
    found: dict[Any, list[CustomField]] = {}
    for field in fields:
        found.setdefault(field.content_type.model_class(), []).append(field)
    token = _described.set(found)
    try:
        yield
    finally:
        _described.reset(token)


def fields_of(model: Any) -> list[CustomField]:
    """Return the fields of a kind of record that the document describes."""
    return (_described.get() or {}).get(model, [])


def custom_values(serializer: Any, direction: str) -> dict[str, Any]:
    """Return the schema of `custom` in a record that is answered or sent."""
    values: dict[str, Any] = {**CUSTOM_VALUES}
    if _described.get() is not None:
        values = {"type": "object", "properties": {one.name: of_field(one) for one in fields_of(serializer.Meta.model)}}
        values["additionalProperties"] = False
    if direction == "response":
        return values
    if "properties" in values:
        values["properties"] = {name: nullable(schema) for name, schema in values["properties"].items()}
    else:
        values["additionalProperties"] = nullable(values["additionalProperties"])
    return nullable(values) if serializer.partial else values


def of_field(field: CustomField) -> dict[str, Any]:
    """Return the schema of one field's values, described by its label and help text."""
    about = ". ".join(text.rstrip(".") for text in (field.label, field.help_text) if text)
    found: dict[str, Any] = {**value_schema(field), "description": f"{about}."}
    return found if field.default is None else {**found, "default": field.default}


def value_schema(field: CustomField) -> dict[str, Any]:
    """Return the schema of a value. Choices that were taken away may still be answered, so they are no enum there."""
    texts: dict[str, Any] = {"type": "string", "maxLength": field.max_length or MAX_TEXT, "pattern": STORED_TEXT}
    chosen = {**texts, "examples": list(field.choices)}
    kinds: dict[str, dict[str, Any]] = {
        "text": texts,
        "number": {"type": "number", **limits(field)},
        "date": {"type": "string", "format": "date", "maxLength": 10},
        "datetime": {"type": "string", "format": "date-time", "maxLength": 40},
        "boolean": {"type": "boolean"},
        "choice": chosen,
        "choices": {"type": "array", "items": chosen, "maxItems": MAX_CHOICES, "uniqueItems": True},
        "url": {"type": "string", "maxLength": field.max_length or MAX_TEXT, "pattern": STORED_TEXT},
    }
    return kinds[field.type]


def limits(field: CustomField) -> dict[str, float]:
    """Return the limits of a number."""
    found = {"minimum": field.min_value, "maximum": field.max_value}
    return {name: float(value) for name, value in found.items() if value is not None}
