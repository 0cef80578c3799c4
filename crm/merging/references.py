"""What refers to a record, found in the registry of models, so that what is written later is found too.

Three ways of referring are known: a foreign key (many-to-many tables hold two), a `GenericForeignKey`, and by
convention a text field `…_type` with the name of the kind, such as `sales.lead`, beside a UUID field `…_id`.
In a record, a UUID field `customer` means the kind of record that customers are.
A model with `is_merged = False` does not follow: its rows mean nothing once two records have become one. One with a
class method `between` says which of its rows mean nothing then: those that would relate a record to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db.models import CharField, ManyToOneRel, Model, Q, TextField, UniqueConstraint, UUIDField, Value
from django.db.models.functions import Cast

from crm.models import ExternalReference, Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from django.db.models import QuerySet


@dataclass(frozen=True)
class Reference:
    """A field in which rows of `model` name a record; `kind` is the field beside it that says of which kind."""

    model: type[Model]
    name: str
    kind: str = ""

    @property
    def follows(self) -> bool:
        """Whether the rows go on with the record that remains."""
        return bool(getattr(self.model, "is_merged", True))

    def rows(self, target: type[Model], key: Any) -> QuerySet[Any]:
        """Return the rows that name a record."""
        return self.naming(target, [key])

    def naming(self, target: type[Model], keys: Collection[Any]) -> QuerySet[Any]:
        """Return the rows that name one of these records."""
        found = self.model._base_manager.filter(**{f"{self.name}__in": keys})
        if not self.kind:
            return found
        is_type = self.model._meta.get_field(self.kind).is_relation
        kind = ContentType.objects.get_for_model(target) if is_type else target._meta.label_lower
        return found.filter(**{self.kind: kind})

    def between(self, source: Any, target: Any) -> QuerySet[Any]:
        """Return the rows that mean nothing once `source` has become `target`."""
        find = getattr(self.model, "between", None)
        found: QuerySet[Any] = find(source, target) if find else self.model._base_manager.none()
        return found

    def uniques(self) -> Iterator[tuple[set[str], Q]]:
        """Yield the other fields, and the condition, of each rule by which a record is named once only."""
        options = self.model._meta
        for one in options.constraints:
            if isinstance(one, UniqueConstraint) and self.name in one.fields:
                yield set(one.fields) - {self.name, self.kind}, one.condition or Q()
        for names in options.unique_together:
            if self.name in names:
                yield set(names) - {self.name, self.kind}, Q()
        if getattr(options.get_field(self.name), "unique", False):
            yield set(), Q()


@cache
def references_to(model: type[Model]) -> tuple[Reference, ...]:
    """Return every way in which other rows refer to records of a kind, but names elsewhere."""
    keys = [
        Reference(one.related_model, one.field.name)
        for one in model._meta.get_fields(include_hidden=True)
        if isinstance(one, ManyToOneRel)
    ]
    others = [one for kind in apps.get_models(include_auto_created=True) for one in generic(kind)]
    return (*keys, *others, *customers(model))


def rows_around(model: type[Model], *keys: Any) -> dict[type[Model], set[Any]]:
    """Return, for `crm.database.locks.lock_together`, records with all that refers to them or that they name alike."""
    found: dict[type[Model], set[Any]] = {model: set(keys)}
    references = references_to(model)
    parts = [
        one.naming(model, keys).order_by().values_list(Value(number), Cast("pk", TextField()))
        for number, one in enumerate(references)
    ]
    for number, key in parts[0].union(*parts[1:], all=True) if parts else ():
        kind = references[number].model
        found.setdefault(kind, set()).add(kind._meta.pk.to_python(key))
    alike = [one.attname for one in model._meta.concrete_fields if one.related_model is model]
    for row in model._base_manager.filter(pk__in=keys).values_list(*alike) if alike else ():
        found[model].update(key for key in row if key is not None)
    return found


def customers(model: type[Model]) -> Iterator[Reference]:
    """Yield the ways in which records name customers by their ids alone, where `model` is the kind that they are."""
    if getattr(model, "concerns", "") != "id":
        return
    for kind in apps.get_models():
        columns = {one.name: one for one in kind._meta.concrete_fields}
        if issubclass(kind, Record) and isinstance(columns.get("customer"), UUIDField):
            yield Reference(kind, "customer")


def generic(model: type[Model]) -> Iterator[Reference]:
    """Yield the ways in which rows of a model refer to records of any kind."""
    if model is ExternalReference or model._meta.proxy:
        return
    for one in model._meta.private_fields:
        if isinstance(one, GenericForeignKey):
            yield Reference(model, one.fk_field, one.ct_field)
    columns = {one.name: one for one in model._meta.concrete_fields}
    for name, column in columns.items():
        beside = columns.get(f"{name.removesuffix('_type')}_id")
        if name.endswith("_type") and isinstance(column, CharField) and isinstance(beside, UUIDField):
            yield Reference(model, beside.name, name)
