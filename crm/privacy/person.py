"""Who is meant: the ids of one customer, the records that concern it, and the words by which it is known."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, JSONField, Model, Q, TextField
from django.db.models.functions import Cast

from crm.merging.references import references_to
from crm.models import Change, ExternalReference, Merge, Record
from crm.privacy import holdings
from crm.privacy.words import ERASED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.merging.references import Reference

SHORTEST: Final = 3  # a shorter word says nothing of whom it is, but in scripts in which names have two signs
SHORT: Final = re.compile(r"\A[\x00-\u2e7f]{0,2}\Z|\A.?\Z")


@dataclass
class Person:
    """A customer under its own id and those of records that were merged into it.

    `rows` are the keys of all rows that concern it, by model; `words` what it is called, and its numbers.
    """

    customer: Record
    ids: list[UUID]
    rows: dict[type[Model], set[Any]]
    words: set[str] = field(default_factory=set)

    @property
    def keys(self) -> list[UUID]:
        """Ids of all its records that are still there, and its own."""
        kept = chain.from_iterable(keys for model, keys in self.rows.items() if issubclass(model, Record))
        return sorted({*kept, *self.ids})

    @cached_property
    def gone(self) -> dict[str, set[UUID]]:
        """Ids of all its records by kind, also of those that were deleted, as far as the change feed knows them."""
        found: dict[str, set[UUID]] = {}
        for model, record in self.changes().values_list("model", "record").distinct():
            found.setdefault(model, set()).add(record)
        for kind, keys in self.rows.items():
            found.setdefault(kind._meta.label_lower, set()).update(keys)
        return found

    def changes(self) -> QuerySet[Change]:
        """Return the changes that name it, and those of its records that are still there."""
        condition = Q(customer__in=self.ids) | Q(record__in=self.keys)
        texts = [str(key) for key in self.ids]
        for one in seconds(type(self.customer)):
            for side in ("before", "after"):
                kind = {f"{side}__{one.kind}": self.customer.label()} if one.kind else {}
                named = {"model": one.model._meta.label_lower, f"{side}__{one.name}__in": texts, **kind}
                condition |= Q(**named)
        return Change.objects.filter(condition)

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """What finds its words in a text; None where there are none."""
        words = sorted(self.words, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE) if words else None

    def is_named(self, value: Any) -> bool:
        """Tell whether a value, or a text in it, has one of its words as a word or is one."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        return self.pattern is not None and self.pattern.search(text) is not None

    def named_in(self, rows: QuerySet[Any], *columns: str) -> list[Any]:
        """Return the keys of the rows that name it in one of these columns."""
        if not self.words:
            return []
        texts = {f"text_of_{name}": Cast(F(name), TextField()) for name in columns}
        conditions = Q()
        for name in texts:
            for word in self.words:
                conditions |= Q(**{f"{name}__icontains": spelled(rows.model, name, word)})
        found = rows.annotate(**texts).filter(conditions).values_list("pk", *columns)
        return [pk for pk, *values in found.iterator() if any(self.is_named(value) for value in values)]


def spelled(model: type[Model], name: str, word: str) -> str:
    """Return a word as the text of a column has it."""
    column = model._meta.get_field(name.removeprefix("text_of_"))
    return json.dumps(word, ensure_ascii=False)[1:-1] if isinstance(column, JSONField) else word


def find(customer: Record) -> Person:
    """Return whatever concerns a customer."""
    ids = [customer.pk, *Merge.objects.absorbed([customer.pk])]
    person = Person(customer, ids, rows_of(customer, ids))
    person.words = set(words_of(person))
    return person


def rows_of(customer: Record, ids: list[UUID]) -> dict[type[Model], set[Any]]:
    """Return the keys of all rows that name the customer, and of whatever is part of those or about them."""
    model = type(customer)
    found: dict[type[Model], set[Any]] = {model: {customer.pk}}
    for one in references_to(model):
        if one.model is not model:
            add(found, one.model, one.naming(model, ids))
    looked: set[type[Model]] = {model}
    while following := [kind for kind in found if kind not in looked and issubclass(kind, Record)]:
        for kind in following:
            looked.add(kind)
            for one in references_to(kind):
                if belongs(one) and (rows := follow(one, kind, found, ids)):
                    looked -= rows
    return {kind: keys for kind, keys in found.items() if keys}


def follow(one: Reference, kind: type[Model], found: dict[type[Model], set[Any]], ids: list[UUID]) -> set[type[Model]]:
    """Add the rows that are part of rows of a kind, or about them; return the models that have more now."""
    rows = one.naming(kind, found[kind])
    names = {column.name for column in one.model._meta.concrete_fields}
    if one.kind and "customer" in names and not getattr(one.model, "follows_about", False):
        rows = rows.filter(Q(customer__isnull=True) | Q(customer__in=ids))
    return {one.model} if add(found, one.model, rows) else set()


def belongs(one: Reference) -> bool:
    """Tell whether rows are part of what they name, or about it."""
    return bool(one.kind) or getattr(one.model, "visible_through", "") == one.name


def add(found: dict[type[Model], set[Any]], model: type[Model], rows: QuerySet[Any]) -> bool:
    """Add the keys of rows; tell whether there were new ones."""
    keys = found.setdefault(model, set())
    before = len(keys)
    keys.update(rows.values_list("pk", flat=True))
    return len(keys) > before


def seconds(model: type[Model]) -> Iterator[Reference]:
    """Yield the ways of naming a customer that a change does not tell: the other side of a relation, or what about."""
    for one in references_to(model):
        if issubclass(one.model, Record) and one.model is not model and one.name != "customer":
            yield one


def words_of(person: Person) -> Iterator[str]:
    """Yield what the customer is and was called, and its numbers, here and elsewhere."""
    model = type(person.customer)
    names = holdings.of(model).identifying
    values: list[Any] = [getattr(person.customer, name) for name in names]
    kind = ContentType.objects.get_for_model(model)
    known = ExternalReference.objects.filter(content_type=kind, object_id__in=person.ids)
    values += known.values_list("external_id", flat=True)
    changes = Change.objects.filter(record__in=person.ids, model=model._meta.label_lower)
    for sides in changes.values_list("before", "after").iterator():
        values += chain.from_iterable(told(side or {}, names) for side in sides)
    words = {value.strip() for value in values if isinstance(value, str)}
    yield from (word for word in words if not SHORT.match(word) and word != ERASED)


def told(side: dict[str, Any], names: Iterable[str]) -> list[Any]:
    """Return the words in one side of a change."""
    elsewhere = side.get("external_references") or []
    return [side.get(name) for name in names] + [one["external_id"] for one in elsewhere]
