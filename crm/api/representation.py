"""Turns a serializer into one SQL expression, so that PostgreSQL itself writes the JSON of a record.

Every answer, of a list, of one record or after a change, comes from here: the same bytes by the same path, without
a model instance and without a further query for what is expanded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import F, Func, OuterRef, Subquery, TextField
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.errors import ParameterError
from crm.database.columns import json_value

if TYPE_CHECKING:
    from django.db import models

    from crm.models import User

MAX_DEPTH = 2
MAX_EXPANDED = 1000
SERIALIZERS: dict[type[models.Model], type[serializers.Serializer[Any]]] = {}
EXTERNAL_REFERENCES = """(SELECT coalesce(json_agg(row_to_json(e)), '[]') FROM (
 SELECT system, external_id FROM crm_externalreference
 WHERE object_id = {row}."id" AND content_type_id = (
 SELECT id FROM django_content_type WHERE app_label = '{app}' AND model = '{model}') ORDER BY system, external_id) e)"""

# The values of fields in use; PostgreSQL works out once a statement which are not.
CUSTOM = """({row}."custom" - ARRAY(SELECT f.name::text FROM crm_customfield f
 JOIN django_content_type t ON t.id = f.content_type_id
 WHERE t.app_label = '{app}' AND t.model = '{model}' AND NOT f.is_active))"""


class SQLField(serializers.Field[Any, Any, Any, Any]):
    """A read-only field whose value is a Django expression, described to clients as `described_by`."""

    def __init__(self, expression: Any, described_by: serializers.Field[Any, Any, Any, Any], **kwargs: Any) -> None:
        """Take the expression over the model's fields and the field that describes its value."""
        self.expression = expression
        self.described_by = described_by
        super().__init__(read_only=True, **kwargs)


@dataclass(frozen=True)
class Shape:
    """Which fields of a serializer are wanted, and which of them are expanded into records of their own."""

    serializer: type[serializers.Serializer[Any]]
    columns: tuple[tuple[str, str], ...]
    computed: tuple[tuple[str, Any], ...] = ()
    expanded: dict[str, Shape] = field(default_factory=dict, hash=False)

    @property
    def model(self) -> type[models.Model]:
        return self.serializer.Meta.model  # type: ignore[attr-defined, no-any-return]

    def expanded_models(self) -> set[type[models.Model]]:
        """Return the kinds of records that are expanded, at any level."""
        return {model for shape in self.expanded.values() for model in {shape.model, *shape.expanded_models()}}


def shape_of(
    serializer: type[serializers.Serializer[Any]], fields: frozenset[str] | None, expand: frozenset[str]
) -> Shape:
    """Return the shape that `?fields=` and `?expand=` ask for; raise ParameterError where a name is unknown."""
    names = known_fields(serializer)
    unknown = (fields or frozenset()) - names.keys()
    if unknown:
        raise unknown_name("fields", unknown, names)
    here = {name.partition(".")[0] for name in expand}
    chosen = {name: part for name, part in names.items() if fields is None or name in fields or name in here}
    expandable = expandable_fields(serializer)
    if here - expandable.keys():
        raise unknown_name("expand", here - expandable.keys(), expandable)
    nested = {}
    for name in here:
        deeper = frozenset(
            rest for head, _dot, rest in (item.partition(".") for item in expand) if head == name and rest
        )
        if any(rest.count(".") >= MAX_DEPTH - 1 for rest in deeper):
            message = _("Expands two levels at most.")
            raise ParameterError("expand", message, "too_deep")
        nested[name] = shape_of(expandable[name], None, deeper)
    return Shape(
        serializer,
        tuple((name, part) for name, part in chosen.items() if isinstance(part, str) and name not in nested),
        tuple((name, part) for name, part in chosen.items() if not isinstance(part, str)),
        nested,
    )


def unknown_name(parameter: str, names: Any, known: Any) -> ParameterError:
    """Return the refusal of names that a parameter does not know."""
    message = _("Unknown: %(names)s. Known: %(known)s.") % {
        "names": ", ".join(sorted(names)),
        "known": ", ".join(sorted(known)),
    }
    return ParameterError(parameter, message, "unknown")


@cache
def known_fields(serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """Return each readable field's SQL over `{row}`, or its expression, in the order of the serializer."""
    fields = serializer().fields
    return {name: column(item) for name, item in fields.items() if not item.write_only}


def column(item: serializers.Field[Any, Any, Any, Any]) -> Any:
    """Return the SQL of one field over `{row}`, or the expression of an SQLField."""
    if isinstance(item, SQLField):
        return item.expression
    if item.field_name == "external_references":
        options = item.parent.Meta.model._meta  # type: ignore[attr-defined]
        return EXTERNAL_REFERENCES.format(row="{row}", app=options.app_label, model=options.model_name)
    model = item.parent.Meta.model  # type: ignore[attr-defined]
    if item.field_name == "custom":
        return CUSTOM.format(row="{row}", app=model._meta.app_label, model=model._meta.model_name)
    return json_value(model._meta.get_field(item.source), "{row}")


@cache
def expandable_fields(
    serializer: type[serializers.Serializer[Any]],
) -> dict[str, type[serializers.Serializer[Any]]]:
    """Return the serializers of what may be expanded: foreign keys, and lists named by `Meta.expand`."""
    model = serializer.Meta.model  # type: ignore[attr-defined]
    names = [*known_fields(serializer), *getattr(serializer.Meta, "expand", ())]  # type: ignore[attr-defined]
    related = {name: model._meta.get_field(name).related_model for name in names if is_relation(model, name)}
    return {name: SERIALIZERS[target] for name, target in related.items() if target in SERIALIZERS}


def is_relation(model: type[models.Model], name: str) -> bool:
    """Tell whether the model has a relation of that name."""
    return any(item.name == name and item.is_relation for item in model._meta.get_fields())


class RowJSON(Func):
    """The JSON text of a row in a given shape, as `user` may see it."""

    output_field = TextField()

    def __init__(self, shape: Shape, user: User) -> None:
        """Take the shape; expressions for what is computed or expanded become sources of this one."""
        self.shape = shape
        expanded = [expansion(name, nested, shape.model, user) for name, nested in shape.expanded.items()]
        super().__init__(F("pk"), *(part for _name, part in shape.computed), *expanded)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return `row_to_json` over the columns of the row; the sources fill in the rest."""
        own, *sources = self.get_source_expressions()
        row = connection.ops.quote_name(own.alias)
        parts = [f'{sql} AS "{name}"' for name, sql in self.shape.columns]
        text = ", ".join(parts).replace("{row}", row)
        text = text.replace("%", "%%")
        params: list[Any] = []
        names = [*(name for name, _part in self.shape.computed), *self.shape.expanded]
        for name, source in zip(names, sources, strict=True):
            sql, more = compiler.compile(source)
            text += f'{", " if text else ""}{sql} AS "{name}"'
            params += more
        return f"(SELECT row_to_json(r)::text FROM (SELECT {text}) r)", params  # noqa: S608 -- no value of a client's


class JSONOf(Func):
    """Reads the text of RowJSON as json again, so that it nests in another row."""

    template = "(%(expressions)s)::json"
    output_field = TextField()


class RowList(Func):
    """All the rows of a subquery as one JSON array."""

    template = "(SELECT coalesce(json_agg(j.row::json), '[]') FROM (%(expressions)s) j(row))"
    output_field = TextField()


class Rows(Subquery):
    """A subquery without its parentheses, for RowList."""

    template = "%(subquery)s"


def expansion(name: str, shape: Shape, model: type[models.Model], user: User) -> Any:
    """Return the expression of an expanded relation; what the user may not see is null, or missing in a list."""
    relation: Any = model._meta.get_field(name)
    rows: Any = shape.model._default_manager.all()
    queryset = rows.visible_to(user)
    row = RowJSON(shape, user)
    if relation.concrete:
        return JSONOf(Subquery(queryset.filter(pk=OuterRef(name)).order_by().values_list(row)))
    inverse = relation.field.name
    rows = queryset.filter(**{inverse: OuterRef("pk")}).order_by("pk").values_list(row)
    return RowList(Rows(rows[:MAX_EXPANDED]))


class RowVersion(Func):
    """The version of a row: the transaction that wrote it, whichever door it came through (system column xmin)."""

    output_field = TextField()

    def __init__(self) -> None:
        """Refer to the row by its key."""
        super().__init__(F("pk"))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> Any:
        """Return `xmin` as text."""
        (own,) = self.get_source_expressions()
        return f"{connection.ops.quote_name(own.alias)}.xmin::text", []
