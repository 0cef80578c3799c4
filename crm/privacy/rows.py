"""Emptying and deleting the rows that concern a person, in a few statements for each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from crm.models import Record
from crm.privacy import holdings

if TYPE_CHECKING:
    from collections.abc import Collection

    from crm.privacy.holdings import Holding
    from crm.privacy.person import Person


@dataclass
class Done:
    """How many rows of each kind were emptied or deleted, and which records."""

    counts: dict[str, int] = field(default_factory=dict)
    records: list[Any] = field(default_factory=list)

    def note(self, model: type[Model], keys: Collection[Any]) -> None:
        """Remember what became of rows."""
        if keys:
            self.count(model._meta.label_lower, len(keys))
            self.records += list(keys) if issubclass(model, Record) else []

    def count(self, name: str, number: int) -> None:
        """Add to a count."""
        if number:
            self.counts[name] = self.counts.get(name, 0) + number


def erase_rows(person: Person) -> Done:
    """Empty or delete all rows that concern a person, and say what was done."""
    done = Done()
    for model in sorted(person.rows, key=lambda one: one._meta.label_lower):
        holding = holdings.of(model)
        if model in holdings.harmless():
            continue
        keys = person.rows[model]
        done.note(model, delete(holding, keys) if holding.is_deleted else empty(holding, keys))
    return done


def delete(holding: Holding, keys: Collection[Any]) -> Collection[Any]:
    """Delete rows, and return their keys."""
    rows: Any = holding.model._base_manager.filter(pk__in=keys)
    rows._raw_delete(rows.db)
    return keys


def remove_kept_elsewhere(person: Person) -> None:
    """Delete what is kept of rows outside the database, also of those deleted earlier, once all is committed.

    Where the store does not answer, the error is logged, and the nightly sweep deletes what it still has.
    """
    for holding in holdings.registered():
        keys = sorted(person.gone.get(holding.model._meta.label_lower, ()))
        if holding.remove is not None and keys:
            transaction.on_commit(partial(holding.remove, keys), robust=True)


def empty(holding: Holding, keys: Collection[Any]) -> Collection[Any]:
    """Empty the rows that are not empty yet, and return their keys."""
    values = holding.emptied()
    if not values:
        return []
    rows = holding.model._base_manager.filter(pk__in=keys).filter(differing(values))
    changed = list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))
    if "updated_at" in {one.name for one in holding.model._meta.concrete_fields}:
        values["updated_at"] = timezone.now()
    if changed:
        holding.model._base_manager.filter(pk__in=changed).update(**values)
    return changed


def differing(values: dict[str, Any]) -> Q:
    """Return the condition of rows that are not as they shall be; what is computed counts while it is missing."""
    condition = Q(pk__in=[])
    for name, value in values.items():
        if value is None:
            condition |= Q(**{f"{name}__isnull": False})
        elif hasattr(value, "resolve_expression"):
            condition |= Q(**{f"{name}__isnull": True})
        else:
            condition |= ~Q(**{name: value})
    return condition
