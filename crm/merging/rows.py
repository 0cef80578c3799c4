"""Rows as JSON and back, field by field, so that what was can be put back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import Model

CUSTOM = "custom."


def as_json(row: Model) -> dict[str, Any]:
    """Return what the columns of a row hold, but what the database derives, as JSON keeps it."""
    values = {one.attname: one.value_from_object(row) for one in row._meta.concrete_fields if not one.generated}
    return dict(json.loads(json.dumps(values, default=str)))


def from_json[M: Model](model: type[M], values: Mapping[str, Any]) -> M:
    """Return a row of these values, not saved; of columns that there no longer are, nothing."""
    columns = {one.attname: one for one in model._meta.concrete_fields if one.attname in values}
    return model(**{name: python(column, values[name]) for name, column in columns.items()})


def python(column: Any, value: Any) -> Any:
    """Return a value as the model has it."""
    return (column.target_field if column.is_relation else column).to_python(value)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record, those of its custom fields each by itself, as `custom.name`."""
    own = {name: value for name, value in values.items() if name != "custom"}
    return own | {f"{CUSTOM}{name}": value for name, value in (values.get("custom") or {}).items()}


def set_flat(row: Any, name: str, value: Any) -> None:
    """Give a field of a row, or a custom field of it, a value as JSON has it; None takes a custom value away."""
    if not name.startswith(CUSTOM):
        column = next(one for one in row._meta.concrete_fields if one.attname == name)
        setattr(row, name, python(column, value))
        return
    custom = {**row.custom, name.removeprefix(CUSTOM): value}
    row.custom = {key: item for key, item in custom.items() if item is not None}


def difference(before: Mapping[str, Any], after: Mapping[str, Any], besides: Iterable[str]) -> dict[str, list[Any]]:
    """Return `[before, after]` of each value that differs."""
    names = (before.keys() | after.keys()) - set(besides)
    return {name: [before.get(name), after.get(name)] for name in sorted(names) if before.get(name) != after.get(name)}
