"""Parameters of the kit's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.api.custom import lookups
from crm.api.filters import CUSTOM, MOST
from crm.api.schema import custom
from crm.api.schema.fields import LISTED_TEXT, STORED_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.api.viewsets import ShapedViewSet
    from crm.models import CustomField

MAX_VALUES = 50
MAX_PARAMETER = 200
ETAGS = r'^(\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*)$'
UUID = {"type": "string", "format": "uuid", "maxLength": 36}
TEXT = {"type": "string", "maxLength": MAX_PARAMETER, "pattern": STORED_TEXT}

COMMON: dict[str, dict[str, Any]] = {
    "limit": {
        "description": _("How many records a page has."),
        "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 200, "default": 50},
    },
    "cursor": {
        "description": _("Where the page begins: taken from `next` or `previous` of another page of the same list."),
        "schema": {"type": "string", "maxLength": 2000, "pattern": "^[A-Za-z0-9_-]+$"},
    },
    "count": {
        "description": _("Also say how many records there are: exactly, or as the database estimates."),
        "schema": {"type": "string", "enum": ["exact", "estimated"]},
    },
    "If-Match": {
        "description": _("The ETag that you read: only that version is changed, else the answer is 412."),
        "schema": {"type": "string", "maxLength": 500, "pattern": ETAGS},
        "example": '"73219-Zk1vVb0Qd2xA"',
    },
    "Idempotency-Key": {
        "description": _("Your name for this request: sent again within a day, it is answered alike, without effect."),
        "schema": {"type": "string", "maxLength": 257, "pattern": r'^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$'},
        "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
    },
    "If-None-Match": {
        "description": _(
            "The ETag of your copy, which is still good when the answer is 304; `*` with PUT: create only."
        ),
        "schema": {"type": "string", "maxLength": 500, "pattern": ETAGS},
        "example": '"73219-Zk1vVb0Qd2xA"',
    },
}
LOOKUPS = {
    "exact": _("Equal."),
    "in": _("Any of these."),
    "isnull": _("Whether it is empty."),
    "gt": _("After or above."),
    "gte": _("At or above."),
    "lt": _("Before or below."),
    "lte": _("At or below."),
    "icontains": _("Containing this, in capitals or not."),
    "istartswith": _("Beginning with this, in capitals or not."),
}


def component_name(name: str) -> str:
    """Return the name of a shared parameter among the components."""
    return "".join(part.capitalize() for part in name.split("-"))


def reference(name: str) -> dict[str, str]:
    """Return a reference to a shared parameter."""
    return {"$ref": f"#/components/parameters/{component_name(name)}"}


def shared() -> dict[str, dict[str, Any]]:
    """Return the shared parameters by component name."""
    return {
        component_name(name): {"name": name, "in": "header" if "-" in name else "query", **item}
        for name, item in COMMON.items()
    }


def query(name: str, schema: dict[str, Any], description: Any) -> dict[str, Any]:
    """Return a query parameter; a list is written with commas."""
    style = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {"name": name, "in": "query", "description": description, "schema": schema, **style}


def choice_of(names: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a list with some of these names."""
    known = list(names)
    items = {"type": "string", "enum": known}
    return {"type": "array", "items": items, "uniqueItems": True, "minItems": 1, "maxItems": len(known)}


def media_format(formats: Iterable[str]) -> dict[str, Any]:
    """Return the parameter that overrides `Accept`."""
    known = {"type": "string", "enum": list(formats)}
    return query("format", known, _("The media type, where `Accept` cannot say it."))


def shape_parameters(view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return the parameters that shape what is answered of a record."""
    serializer: Any = view.serializer_class
    names = expansions(serializer)
    expand = query("expand", choice_of(names), _("Put these records in place of their ids, two levels deep at most."))
    return [fields_parameter(serializer), *([expand] if names else []), format_parameter(view)]


def fields_parameter(serializer: Any) -> dict[str, Any]:
    """Return the parameter that chooses fields."""
    from crm.api.representation import known_fields

    return query("fields", choice_of(known_fields(serializer)), _("Answer these fields only."))


def format_parameter(view: ShapedViewSet) -> dict[str, Any]:
    """Return the parameter that chooses among the media types of a view."""
    return media_format(item.format for item in view.get_renderers())


def page_parameters(serializer: Any, view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return the parameters of a page of what belongs to a record."""
    return [reference("limit"), reference("cursor"), fields_parameter(serializer), format_parameter(view)]


def expansions(serializer: Any) -> list[str]:
    """Return all that `expand` takes for a serializer: relations, and relations of these."""
    from crm.api.representation import expandable_fields

    return [
        path
        for name, target in expandable_fields(serializer).items()
        for path in (name, *(f"{name}.{inner}" for inner in expandable_fields(target)))
    ]


def list_parameters(view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return the parameters of a list."""
    return [
        reference("limit"),
        reference("cursor"),
        *choosing_parameters(view),
        reference("count"),
        *shape_parameters(view),
        *filter_parameters(view),
    ]


def export_parameters(view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return the parameters of an export."""
    fields = fields_parameter(view.serializer_class)
    return [*choosing_parameters(view), fields, format_parameter(view), *filter_parameters(view)]


def choosing_parameters(view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return the parameters that sort and search."""
    orderings = [sign + name for name in (*dict.fromkeys(("id", *view.orderings())),) for sign in ("", "-")]
    search = query("search", TEXT, view.search_text)
    saved = query("view", UUID, _("Take the parameters of this saved view; those given besides win."))
    return [
        *([saved] if hasattr(view, "parameters_of") else []),
        query("ordering", choice_of(orderings), _("Sort by these fields; a minus turns the direction.")),
        *([search] if getattr(view.model, "search_fields", ()) else []),
    ]


def filter_parameters(view: ShapedViewSet) -> list[dict[str, Any]]:
    """Return one parameter for each filter of a list."""
    model = view.model
    found = []
    for name, item in view.filterset_class.base_filters.items():
        field = model._meta.get_field(item.field_name)
        lookup = name.removeprefix(f"{item.field_name}__") if name != item.field_name else "exact"
        text = f"{LOOKUPS.get(lookup, '')} {getattr(field, 'help_text', '')}".strip()
        found.append(query(name, filter_schema(item, field), text))
    return found + custom_parameters(model)


def custom_parameters(model: type[Any]) -> list[dict[str, Any]]:
    """Return one parameter for each filter by a custom field, where the document describes those that there are."""
    found = []
    for field in custom.fields_of(model):
        for lookup in ("exact", *lookups(field)):
            name = f"{CUSTOM}{field.name}" + ("" if lookup == "exact" else f"__{lookup}")
            found.append(query(name, custom_filter_schema(field, lookup), f"{LOOKUPS[lookup]} {field.label}"))
    return found


def custom_filter_schema(field: CustomField, lookup: str) -> dict[str, Any]:
    """Return the schema of the value that a filter by a custom field takes."""
    if lookup == "isnull":
        return {"type": "boolean"}
    schema = custom.value_schema(field)
    one: dict[str, Any] = schema.get("items", schema)
    return several(one) if lookup == "in" else one


def filter_schema(item: django_filters.Filter, field: Any) -> dict[str, Any]:
    """Return the schema of the value that a filter takes."""
    if isinstance(item, django_filters.BaseInFilter):
        return several(value_schema(field))
    return {"type": "boolean"} if item.lookup_expr == "isnull" else value_schema(field)


def several(one: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of values with commas between them, of which none is empty."""
    items = {**one, "pattern": LISTED_TEXT} if one.get("pattern") == STORED_TEXT else one
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MAX_VALUES}


VALUES: tuple[tuple[type[models.Field[Any, Any]], dict[str, Any]], ...] = (
    (models.ForeignKey, UUID),
    (models.UUIDField, UUID),
    (models.BooleanField, {"type": "boolean"}),
    (models.DateTimeField, {"type": "string", "format": "date-time", "maxLength": 40}),
    (models.DateField, {"type": "string", "format": "date", "maxLength": 10}),
    (models.IntegerField, {"type": "integer", "format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}),
    (models.DecimalField, {"type": "number", "minimum": -MOST, "maximum": MOST}),
    (ArrayField, {**TEXT, "minLength": 1}),
)


def value_schema(field: Any) -> dict[str, Any]:
    """Return the schema of one value of a model's field in a query."""
    if field.choices and not isinstance(field, models.IntegerField):
        return {"type": "string", "enum": [value for value, _label in field.choices]}
    return next((schema for kind, schema in VALUES if isinstance(field, kind)), TEXT)
