"""Who is meant: the ids of one customer, the records that concern it, and the words by which it is known."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, product
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
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

    `rows` are the keys of all rows that concern it, by model; `words` what it is called, and its numbers; `names` those
    that say who it is only together, such as a given name and a family name.
    """

    customer: Record
    ids: list[UUID]
    rows: dict[type[Model], set[Any]]
    words: set[str] = field(default_factory=set)
    names: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def keys(self) -> list[UUID]:
        """Ids of all its records that are still there, and its own."""
        kept = chain.from_iterable(keys for model, keys in self.rows.items() if issubclass(model, Record))
        return sorted({*kept, *self.ids})

    @cached_property
    def gone(self) -> dict[str, set[UUID]]:
        """Ids of all its records by kind, also of those that were deleted, as far as the change feed knows them."""
        found = {label: keys - self.parted for label, keys in self.told.items()}
        for kind, keys in self.rows.items():
            found.setdefault(kind._meta.label_lower, set()).update(keys)
        return {label: keys for label, keys in found.items() if keys}

    @cached_property
    def told(self) -> dict[str, set[UUID]]:
        """Ids by kind of the records of which the change feed tells that they are or were its own."""
        found: dict[str, set[UUID]] = {}
        for model, record in self.changes().values_list("model", "record").distinct():
            found.setdefault(model, set()).add(record)
        for model, record in parts_deleted_with(set().union(*found.values())):
            found.setdefault(model, set()).add(record)
        return found

    @cached_property
    def parted(self) -> set[UUID]:
        """Ids of records that were its own once and are another's by now, as after a merge that was undone."""
        found: set[UUID] = set()
        for kind in apps.get_models():
            if keys := self.told.get(kind._meta.label_lower):
                there = kind._base_manager.filter(pk__in=keys).values_list("pk", flat=True)
                found |= set(there) - self.rows.get(kind, set())
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
        return any_of(self.words) if self.words else None

    @cached_property
    def patterns(self) -> list[list[re.Pattern[str]]]:
        """What finds names that say who it is together."""
        return [[any_of({part}) for part in name] for name in self.names]

    def is_named(self, value: Any) -> bool:
        """Tell whether a value, or a text in it, has one of its words as a word or is one."""
        return self.pattern is not None and self.pattern.search(text_of(value)) is not None

    def is_told(self, value: Any) -> bool:
        """Tell whether one row, of a file or a table, is or may be about it: also by names in several cells."""
        text = text_of(value)
        return self.is_named(text) or any(all(one.search(text) for one in name) for name in self.patterns)

    def named_in(self, rows: QuerySet[Any], *columns: str, by_names: bool = False) -> list[Any]:
        """Return the keys of the rows that name it in one of these columns, with `by_names` also by names together."""
        sought = {(word,) for word in self.words} | (self.names if by_names else set())
        if not sought:
            return []
        texts = {f"text_of_{name}": Cast(F(name), TextField()) for name in columns}
        conditions = Q()
        for name in texts:
            for parts in sought:
                conditions |= Q(*(Q(**{f"{name}__icontains": spelled(rows.model, name, part)}) for part in parts))
        found = rows.annotate(**texts).filter(conditions).values_list("pk", *columns)
        is_about = self.is_told if by_names else self.is_named
        return [pk for pk, *values in found.iterator() if any(is_about(value) for value in values)]


def parts_deleted_with(keys: set[UUID]) -> Iterator[tuple[str, UUID]]:
    """Yield the model and the id of each record that went with one of these whose part it was, such as a line."""
    deleted = Change.objects.filter(record__in=keys, action="deleted").values("transaction")
    for kind in apps.get_models():
        whole = getattr(kind, "visible_through", "")
        if whole:
            label = kind._meta.label_lower
            named = {f"before__{whole}__in": [str(key) for key in keys], "model": label, "action": "deleted"}
            for record in Change.objects.filter(transaction__in=deleted, **named).values_list("record", flat=True):
                yield label, record


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds one of these words, as a word."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def text_of(value: Any) -> str:
    """Return a value as a text in which words are found."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def spelled(model: type[Model], name: str, word: str) -> str:
    """Return a word as the text of a column has it."""
    column = model._meta.get_field(name.removeprefix("text_of_"))
    return json.dumps(word, ensure_ascii=False)[1:-1] if isinstance(column, JSONField) else word


def find(customer: Record) -> Person:
    """Return whatever concerns a customer."""
    ids = [customer.pk, *Merge.objects.absorbed([customer.pk])]
    person = Person(customer, ids, rows_of(customer, ids))
    person.words, person.names = set(words_of(person)), set(names_of(person))
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
    for side in sides_of(person):
        values += told(side, names)
    words = {value.strip() for value in values if isinstance(value, str)}
    yield from (word for word in words if not SHORT.match(word) and word != ERASED)


def names_of(person: Person) -> Iterator[tuple[str, ...]]:
    """Yield the names that it has and had which say who it is only together, each with each."""
    fields = holdings.of(type(person.customer)).together
    sides = [{name: getattr(person.customer, name) for name in fields}, *sides_of(person)]
    parts = [{str(side.get(name) or "").strip() for side in sides} - {"", ERASED} for name in fields]
    yield from product(*parts) if fields else ()


def sides_of(person: Person) -> Iterator[dict[str, Any]]:
    """Yield what the change feed tells of its row before and after each change."""
    changes = Change.objects.filter(record__in=person.ids, model=person.customer.label())
    for sides in changes.values_list("before", "after").iterator():
        yield from (side for side in sides if side)


def told(side: dict[str, Any], names: Iterable[str]) -> list[Any]:
    """Return the words in one side of a change."""
    elsewhere = side.get("external_references") or []
    return [side.get(name) for name in names] + [one["external_id"] for one in elsewhere]
