"""What a field of a serializer looks like in the document: what it accepts in a request, what it may answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxLengthValidator, RegexValidator
from django.db.models import DecimalField
from rest_framework.fields import empty

from crm.api.characters import refuse_control_characters, refuse_line_breaks

if TYPE_CHECKING:
    from drf_spectacular.utils import Direction
    from rest_framework import serializers

CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff"
BREAKS = r"\n\r\u0085\u2028\u2029"
TEXT = f"^[^{CONTROL}]*$"
LINE = f"^[^{CONTROL}{BREAKS}]*$"
BLANK_TOO = r"\u001c-\u001f\u0085"  # what Python trims, and other languages do not take for space
STORED_TEXT = r"^[^\u0000]*$"
LISTED_TEXT = r"^[^\u0000,]+$"  # one of several with commas between them
FILLED_STORED_TEXT = rf"^[^\u0000]*[^\u0000\s{BLANK_TOO}][^\u0000]*$"
MAX_TEXT = 10_000
MAX_ITEMS = 1000
LENGTHS = {"uuid": 36, "date": 10, "date-time": 40, "uri": 2000, "email": 254}
BLANK = {"type": "string", "const": ""}
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"
CUSTOM_VALUES: dict[str, Any] = {
    "type": "object",
    "maxProperties": 200,
    "propertyNames": {"maxLength": 50, "pattern": "^[a-z][a-z0-9_]*$"},
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": 1000, "pattern": STORED_TEXT},
            {"type": "number"},
            {"type": "boolean"},
            {
                "type": "array",
                "maxItems": 100,
                "items": {"type": "string", "maxLength": 1000, "pattern": STORED_TEXT},
            },
        ]
    },
}


def constrained(field: serializers.Field[Any, Any, Any, Any], schema: dict[str, Any], direction: Direction) -> Any:
    """Return the schema of a field with its limits, its pattern and whether it may be null."""
    schema.pop("x-spec-enum-id", None)
    if field.read_only and getattr(column_of(field), "blank", False) and "" not in schema.get("enum", [""]):
        schema = {**schema, "enum": [*schema["enum"], ""]}
    if schema.get("format") == "date-time":
        schema["maxLength"] = LENGTHS["date-time"]
    elif schema.get("format") == "time":  # which in JSON Schema has an offset (RFC 3339, section 5.6)
        schema = {**schema, "pattern": TIME, "maxLength": len("23:59:59.999999")}
        del schema["format"]
    elif schema.get("type") == "string" and "enum" not in schema:
        schema = text(field, schema) if direction == "request" else answered_text(field, schema)
    elif schema.get("type") == "integer":
        schema |= whole_number(field)
    elif schema.get("type") == "array":
        schema["maxItems"] = most_items(field)
        if direction == "request" and (getattr(field, "min_length", None) or not getattr(field, "allow_empty", True)):
            schema["minItems"] = getattr(field, "min_length", None) or 1
        schema["xml"] = {"wrapped": True}
    return nullable(schema) if may_be_null(field, direction) else schema


def most_items(field: Any) -> int:
    """Return how many items a list may have, which DRF keeps in a validator where the field is a model's."""
    stated = [item.limit_value for item in field.validators if isinstance(item, MaxLengthValidator)]
    return min([*stated, *([field.max_length] if getattr(field, "max_length", None) else [])], default=MAX_ITEMS)


def text(field: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a text that clients write."""
    limits: dict[str, Any] = {"type": "string", "maxLength": limit(field, schema)}
    patterns = [item for item in field.validators if is_positive(item)]
    if patterns:
        limits["pattern"] = as_ecmascript(patterns[0].regex.pattern)
    elif schema.get("format") == "decimal":
        whole = field.max_digits - field.decimal_places
        sign = "-?" if field.min_value is None or field.min_value < 0 else ""
        limits["pattern"] = rf"^{sign}[0-9]{{1,{whole}}}(\.[0-9]{{1,{field.decimal_places}}})?$"
    elif "format" in schema:
        limits["format"] = schema["format"]
    else:
        limits["pattern"] = any_text(field)
    others = {key: value for key, value in schema.items() if key not in {"type", "format", "pattern", "minLength"}}
    if getattr(field, "allow_blank", False) and limits.get("pattern") not in {TEXT, LINE, STORED_TEXT}:
        return {**others, "anyOf": [limits, BLANK]}
    return {**others, **limits}


def answered_text(field: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a text that is answered: also what was kept by another door than the API."""
    kept = {key: value for key, value in schema.items() if key not in {"pattern", "minLength"}}
    if kept.get("format") in {"email", "uri"}:
        del kept["format"]
    restricted = {} if "format" in kept else {"pattern": STORED_TEXT}
    return {**kept, **restricted, "maxLength": limit(field, schema)}


def limit(field: Any, schema: dict[str, Any]) -> int:
    """Return the greatest number of characters."""
    if schema.get("format") == "uuid":
        return LENGTHS["uuid"]
    own = getattr(field, "max_length", None) or getattr(column_of(field), "max_length", None)
    return own or LENGTHS.get(schema.get("format", ""), MAX_TEXT)


def any_text(field: Any) -> str:
    """Return the pattern of a text of which nothing more is known."""
    if refuse_control_characters in field.validators:
        return text_without(CONTROL + BREAKS if refuse_line_breaks in field.validators else CONTROL, field.allow_blank)
    return STORED_TEXT if getattr(field, "allow_blank", False) else FILLED_STORED_TEXT


def text_without(refused: str, may_be_blank: bool) -> str:  # noqa: FBT001 -- one of two patterns
    """Return the pattern of a text without some characters."""
    return f"^[^{refused}]*$" if may_be_blank else rf"^[^{refused}]*[^{refused}\s{BLANK_TOO}][^{refused}]*$"


def is_positive(validator: Any) -> bool:
    """Tell whether a validator says what a text must look like."""
    is_regex = isinstance(validator, RegexValidator)
    return is_regex and not validator.inverse_match and not validator.regex.flags & re.IGNORECASE


def as_ecmascript(pattern: str) -> str:
    """Return a pattern of Python's in the notation of JSON Schema (ECMA-262)."""
    return pattern.replace(r"\A", "^").replace(r"\Z", "$").replace("(?P<", "(?<")


def whole_number(field: Any) -> dict[str, Any]:
    """Return the limits of a whole number, those of PostgreSQL's bigint where it has none."""
    least, most = getattr(field, "min_value", None), getattr(field, "max_value", None)
    least, most = -(2**53) if least is None else least, 2**53 if most is None else most
    return {"minimum": least, "maximum": most, "format": "int32" if max(-least, most) < 2**31 else "int64"}


def may_be_null(field: serializers.Field[Any, Any, Any, Any], direction: Direction) -> bool:
    """Tell whether null is a value of the field, or in a merge patch stands for its default (RFC 7396)."""
    is_patch = direction == "request" and getattr(field.parent, "partial", False)
    return bool(field.allow_null or (is_patch and not field.required and not field.read_only))


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that allows null besides."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "type" not in schema:
        about: dict[str, Any] = {key: schema.pop(key) for key in ("description", "readOnly", "xml") if key in schema}
        return {"anyOf": [schema, {"type": "null"}], **about}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema and None not in schema["enum"] else {}
    return {**schema, **values, "type": [schema["type"], "null"]}


def column_of(field: Any) -> Any:
    """Return the model's field behind a serializer's; None where there is none."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    columns = model._meta.fields if model is not None else ()
    return next((item for item in columns if item.name == field.source), None)


def default_of(field: Any) -> dict[str, Any]:
    """Return the `default` of a field that a request may leave out."""
    column = column_of(field)
    if field.required or field.default is not empty or column is None or not column.has_default():
        return {}
    if callable(column.default):
        return {}
    value = getattr(column.default, "value", column.default)
    return {"default": str(value) if isinstance(column, DecimalField) else value}
