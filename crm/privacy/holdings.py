"""What each kind of record holds about a person, and what becomes of it when the person is erased.

Of itself, every text, list and JSON field of a record is emptied, and dates, numbers, choices and references stay, so
that sums and counts stay true. Applications say in `AppConfig.ready` where that is otherwise, and which models hold
nothing about customers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import BinaryField, CharField, Field, JSONField, Model, TextField, UniqueConstraint, UUIDField

from crm.privacy.words import ERASED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from crm.privacy.person import Person

type Clean = Callable[[Person], Mapping[str, int]]
TEXTS: Final = (CharField, TextField, JSONField, ArrayField, BinaryField)


@dataclass(frozen=True)
class Holding:
    """How a kind of record is erased.

    `kept` are fields that stay though they are texts. `values` are those that get a value of their own. `identifying`
    are those by whose values the person is found in files and logs. Rows are deleted where `is_deleted`; then
    `remove` is called with the keys once that is committed.
    """

    model: type[Model]
    kept: frozenset[str] = frozenset()
    values: Mapping[str, Any] = field(default_factory=dict)
    identifying: tuple[str, ...] = ()
    is_deleted: bool = False
    remove: Callable[[Collection[Any]], None] | None = None

    def emptied(self) -> dict[str, Any]:
        """Return the fields that are emptied, with what stands in them then."""
        fields = {one.name: empty(one) for one in self.model._meta.concrete_fields if self.is_emptied(one)}
        return {**fields, **self.values}

    def is_emptied(self, one: Field[Any, Any]) -> bool:
        """Tell whether a field is emptied of itself."""
        if one.name in self.kept or one.primary_key or one.generated or one.choices or one.is_relation:
            return False
        return is_text(one) and not is_kind(one)

    def shown(self) -> dict[str, Any]:
        """Return what the change feed has in place of former values: constants, and null for whatever else."""
        constants = {name: value for name, value in self.emptied().items() if not hasattr(value, "resolve_expression")}
        return {**constants, "external_references": []}

    def true_fields(self) -> list[str]:
        """Return the fields whose former values may stay in the change feed: those that stay in the row."""
        fields = self.model._meta.concrete_fields
        told = [one.name for one in fields if self.is_emptied(one) or (one.name in self.values and is_text(one))]
        return [one.name for one in fields if one.name not in told] + ["merged_into"]


def is_text(one: Field[Any, Any]) -> bool:
    """Tell whether a field can hold words."""
    return isinstance(one, TEXTS)


def is_kind(one: Field[Any, Any]) -> bool:
    """Tell whether a field is half of a reference, such as `about_type` beside `about_id`."""
    beside = {other.name: other for other in one.model._meta.concrete_fields}
    return isinstance(beside.get(f"{one.name.removesuffix('_type')}_id"), UUIDField) and one.name.endswith("_type")


def empty(one: Field[Any, Any]) -> Any:
    """Return what stands in a field that was emptied."""
    if one.null:
        return None
    if isinstance(one, ArrayField):
        return []
    if isinstance(one, JSONField):
        return one.get_default() if one.has_default() else {}
    if isinstance(one, BinaryField):
        return b""
    if one.blank:
        return ""
    return ERASED[: one.max_length] if not is_unique(one) else None


def is_unique(one: Field[Any, Any]) -> bool:
    """Tell whether two rows may not have the same value, so that a constant will not do."""
    rules = [rule for rule in one.model._meta.constraints if isinstance(rule, UniqueConstraint)]
    return one.unique or any(one.name in rule.fields for rule in rules)


_holdings: dict[type[Model], Holding] = {}
_nobody: dict[type[Model], str] = {}
_traces: dict[type[Model], Clean] = {}


def register(holding: Holding) -> None:
    """Say how a kind of record is erased, where that is not as of itself."""
    _holdings[holding.model] = holding


def nobody(models: Iterable[type[Model]], reason: str) -> None:
    """Say that models hold nothing about customers, and why that is so."""
    _nobody.update(dict.fromkeys(models, reason))


def trace(models: Iterable[type[Model]], clean: Clean) -> None:
    """Let a function clean tables that hold something about people without being theirs, such as logs.

    It is called once for each erasure, in its transaction, and returns how many rows of which kind it cleaned.
    """
    _traces.update(dict.fromkeys(models, clean))


def of(model: type[Model]) -> Holding:
    """Return how a kind of record is erased."""
    return _holdings.get(model) or Holding(model)


def registered() -> list[Holding]:
    """Return what applications said."""
    return list(_holdings.values())


def traces() -> dict[type[Model], Clean]:
    """Return the tables that are cleaned by functions."""
    return dict(_traces)


def harmless() -> dict[type[Model], str]:
    """Return the models that hold nothing about customers, with the reasons."""
    return dict(_nobody)
