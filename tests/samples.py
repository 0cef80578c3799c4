"""Makes records and request bodies of any kind, so that a new resource is tested without a line."""

from __future__ import annotations

import datetime
import itertools
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.validators import RegexValidator
from django.db import models

from crm.models import Record, new_id

if TYPE_CHECKING:
    from rest_framework import serializers

IDENTIFIER = "[a-z][a-z0-9_]*"
counter = itertools.count(1)
TEXTS = {
    "code": "code_{n}",
    "slug": "slug-{n}",
    "email": "person{n}@example.com",
    "country": "DE",
    "website": "https://example.com/{n}",
    "language": "de",
}


def value_for(field: models.Field[Any, Any]) -> Any:
    """Return a valid value for a field that needs one."""
    number = next(counter)
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.DateTimeField):
        return datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=number)
    if isinstance(field, models.DateField):
        return datetime.date(2026, 1, 1) + datetime.timedelta(days=number)
    if isinstance(field, models.UUIDField):
        return new_id()
    if isinstance(field, models.IntegerField | models.DecimalField | models.BooleanField):
        return False if isinstance(field, models.BooleanField) else number
    form = "{name}_{n}" if is_identifier(field) else "{name} {n}"
    return TEXTS.get(field.name, form).format(name=field.name, n=number)


def is_identifier(field: models.Field[Any, Any]) -> bool:
    """Tell whether a text must be lower-case letters, digits and underscores."""
    forms = [one.regex for one in field.validators if isinstance(one, RegexValidator)]
    return any(IDENTIFIER in getattr(form, "pattern", "") for form in forms)


def is_needed(field: models.Field[Any, Any]) -> bool:
    """Tell whether a record cannot be made without a value for the field."""
    has_value = field.has_default() or field.null or getattr(field, "auto_now", False) or field.generated
    return not (has_value or getattr(field, "auto_now_add", False) or (field.blank and not field.is_relation))


def make(model: type[models.Model], **given: Any) -> Any:
    """Save a record of any kind; a Record it refers to gets the same owner and team."""
    values = dict(given)
    people = {name: given[name] for name in ("owner", "team") if name in given}
    for field in model._meta.concrete_fields:
        if field.name in values or not is_needed(field):
            continue
        if field.is_relation:
            related = field.related_model
            values[field.name] = make(related, **(people if issubclass(related, Record) else {}))  # type: ignore[arg-type]
        else:
            values[field.name] = value_for(field)
    if getattr(model, "follows_about", False) and "about_id" not in given:
        values |= about(**people)
    if "name" not in values and any(field.name == "name" for field in model._meta.concrete_fields):
        values["name"] = f"name {next(counter)}"
    if issubclass(model, Record):
        values = spoken(model, values)
    return model._default_manager.create(**values)


def about(**people: Any) -> dict[str, Any]:
    """Return what names a record that another is about, and that these people see."""
    from customers.models import Customer

    return {"about_type": Customer.label(), "about_id": make(Customer, **people).pk}


def spoken(model: type[Record], values: dict[str, Any]) -> dict[str, Any]:
    """Fill the text fields of a record, so that representations have something to show."""
    texts = {
        field.name: value_for(field)
        for field in model._meta.concrete_fields
        if field.name in {"name", "city", "street", "subject", "email"} and field.name not in values
    }
    return {**texts, **values}


def body_for(serializer: type[serializers.Serializer[Any]], **people: Any) -> dict[str, Any]:
    """Return a valid new record as a client sends it."""
    model = serializer.Meta.model  # type: ignore[attr-defined]
    body: dict[str, Any] = {}
    for name, field in serializer().fields.items():
        if field.read_only or name in {"owner", "team", "custom", "external_references"}:
            continue
        column = model._meta.get_field(name)
        if column.is_relation and is_needed(column):
            related = column.related_model
            body[name] = str(make(related, **(people if issubclass(related, Record) else {})).pk)
        elif not column.is_relation and (is_needed(column) or name in {"name", "city", "subject"}):
            body[name] = plain(value_for(column))
    return body


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value) if isinstance(value, UUID | datetime.date) else value
