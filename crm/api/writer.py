"""Writes many records at once, each judged as if it came alone, in a number of statements that does not grow.

What comes alone is judged by the serializer; so is what comes here, by one serializer that is used again and again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from crm import bulk
from crm.api.duplicates import without_duplicates
from crm.api.errors import Problem, recognised
from crm.api.items import Item, Name, Result, Target, names_in
from crm.api.merging import merged_already
from crm.api.representation import RowJSON, RowVersion, known_fields, shape_of
from crm.database.turns import take_turns
from crm.merging.successors import standing_for
from crm.models import ExternalReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from crm.api.serializers import RecordSerializer
    from crm.models import Record, User

VERBS: Final[dict[str, tuple[str, ...]]] = {
    "create": ("add",),
    "update": ("change",),
    "upsert": ("add", "change"),
    "delete": ("delete",),
}
DATABASE_REFUSALS: Final = (IntegrityError, DataError, ProtectedError)


class Writer:
    """Does what items say, on behalf of somebody, to one kind of record."""

    def __init__(
        self,
        serializer: type[RecordSerializer],
        user: User,
        keys: Iterable[str] = (),
        *,
        refuses_duplicates: bool = False,
    ) -> None:
        """Take the serializer that judges, who writes, and the fields by which records may be found."""
        self.refuses_duplicates = refuses_duplicates
        self.serializer = serializer
        self.model: Any = serializer.Meta.model
        self.user = user
        self.keys = frozenset(keys)
        options = self.model._meta
        self.verbs = {
            verb
            for verb in ("add", "change", "delete")
            if user.has_perm(f"{options.app_label}.{verb}_{options.model_name}")
        }

    def write(self, items: Sequence[Item]) -> list[Result]:
        """Do each item that can be done; where the database refuses, find by halves the items that it means."""
        if not items:
            return []
        for _chance in range(2):  # where another writer has just taken a name, its record is there the second time
            try:
                return self.go(items)
            except DATABASE_REFUSALS as error:
                refusal = recognised(error) or Problem("rule_broken")
        if len(items) == 1:
            return [Result(refusal.status_code, refusal=refusal)]
        middle = len(items) // 2
        return self.write(items[:middle]) + self.write(items[middle:])

    @transaction.atomic
    def go(self, items: Sequence[Item]) -> list[Result]:
        """Do all items, and let the database have its say."""
        results = Pass(self, items).run()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        return results


class Pass:
    """One go at a number of items: looks at what there is, judges each item in order, and writes what is new."""

    def __init__(self, writer: Writer, items: Sequence[Item]) -> None:
        """Prepare what all items share."""
        self.writer = writer
        self.model = writer.model
        self.items = items
        self.context: dict[str, Any] = {"request": writer, "representation": self.representation, "known": {}}
        self.judges: dict[bool, Any] = {}
        self.shown: dict[UUID, dict[str, Any]] = {}
        self.targets: dict[UUID, Target] = {}
        self.by_name: dict[Name, UUID] = {}
        self.by_key: dict[Name, list[UUID]] = {}
        self.merged: dict[UUID, UUID] = {}
        self.keys = {item.key for item in items} - {""}

    def run(self) -> list[Result]:
        """Judge all items, write, and return what became of each."""
        self.look_up()
        results = [self.attempt(item) for item in self.items]
        if self.writer.refuses_duplicates:
            results = without_duplicates(results, self.targets, self.writer.user)
        self.store()
        return results

    def look_up(self) -> None:
        """Read, and lock in one order, all that the items speak of."""
        names = {item.name for item in self.items if item.name is not None}
        references = ExternalReference.objects.of(self.model).filter(
            system__in={system for system, _name in names}, external_id__in={name for _system, name in names}
        )
        for system, external_id, key in references.values_list("system", "external_id", "object_id"):
            self.by_name[system, external_id] = key
        wanted = (
            {item.id for item in self.items if item.id is not None} | set(self.by_name.values()) | self.found_by_key()
        )
        visible = self.model.objects.visible_to(self.writer.user).filter(pk__in=wanted).order_by("pk")
        for record in visible.annotate(row_version=RowVersion()).select_for_update(of=("self",)) if wanted else ():
            self.targets[record.pk] = Target(record, record.row_version, before=bulk.values_of(record))
        if missing := {item.id for item in self.items if item.id is not None} - self.targets.keys():
            remaining = standing_for(self.model.objects.visible_to(self.writer.user).only("pk"), missing)
            self.merged = {key: one.pk for key, one in remaining.items()}
        if any(isinstance(item.data, dict) and "external_references" in item.data for item in self.items):
            self.look_up_names()
        self.judge(is_patch=False).look_up([item.data for item in self.items if isinstance(item.data, dict)])

    def look_up_names(self) -> None:
        """Read the names that the records have."""
        references = ExternalReference.objects.of(self.model).filter(object_id__in=list(self.targets))
        for system, external_id, key in references.values_list("system", "external_id", "object_id"):
            self.targets[key].names_before.add((system, external_id))

    def found_by_key(self) -> set[UUID]:
        """Return the records that have the value of a key; others who look for the same key wait for their turn."""
        wanted: dict[str, set[str]] = {}
        for item in self.items:
            if item.key and isinstance(item.data, dict):
                wanted.setdefault(item.key, set()).add(self.as_kept(item.key, item.data.get(item.key)))
        found: set[UUID] = set()
        for key, values in sorted(wanted.items()):  # in one order, lest two batches wait for each other
            take_turns(self.model.label(), key)
            rows = self.model.objects.visible_to(self.writer.user).filter(**{f"{key}__in": values - {""}})
            for value, pk in rows.values_list(key, "pk"):
                self.by_key.setdefault((key, value), []).append(pk)
                found.add(pk)
        return found

    def as_kept(self, key: str, value: Any) -> str:
        """Return the value of a key as a record keeps it, such as an e-mail address in lower case; empty for none."""
        record = self.model(**{key: value.strip() if isinstance(value, str) else ""})
        with suppress(DjangoValidationError):
            record.clean()
        return str(getattr(record, key))

    def judge(self, *, is_patch: bool) -> Any:
        """Return the serializer for whole records or for patches; one of each is enough."""
        if is_patch not in self.judges:
            self.judges[is_patch] = self.writer.serializer(context=self.context, partial=is_patch)
        return self.judges[is_patch]

    def attempt(self, item: Item) -> Result:
        """Do one item to the records in memory; return the refusal where it cannot be done."""
        try:
            if not self.writer.verbs.issuperset(VERBS[item.operation]):
                raise Problem("permission_denied")
            return self.perform(item)
        except APIException as error:
            known = recognised(error) or error
            return Result(known.status_code, item.id, known)

    def perform(self, item: Item) -> Result:
        """Do one item to the records in memory."""
        target = self.target_of(item)
        if target is None:
            return self.created(item)
        if item.version and item.version != target.version:
            raise Problem("precondition_failed", _("Read it again, and decide anew."))
        if item.operation == "delete":
            target.is_gone = True
            return Result(204, target.record.pk)
        return self.changed(item, target)

    def target_of(self, item: Item) -> Target | None:
        """Return the record of an item; None for one that is to be created."""
        pk = item.id
        if item.operation == "upsert" and item.name is not None:
            pk = self.by_name.get(item.name)
        elif item.operation == "upsert":
            pk = self.only_one(item)
        elif item.operation == "create":
            return None
        target = self.targets.get(pk) if pk is not None else None
        if target is not None and target.is_gone:
            target = None
            if item.operation == "upsert":
                return None
        if target is None and pk in self.merged:
            raise merged_already(self.merged[pk])
        if target is None and (pk is not None or item.operation != "upsert"):
            raise Problem("not_found")
        return target

    def only_one(self, item: Item) -> UUID | None:
        """Return the record with the value of a key; raise 422 without a value, 409 where several have it."""
        value = self.as_kept(item.key, item.data.get(item.key)) if isinstance(item.data, dict) else ""
        if not value:
            raise Problem("rule_broken", _("The data must have a value for the key."))
        found = [pk for pk in self.by_key.get((item.key, value), ()) if self.has(pk, item.key, value)]
        if len(found) > 1:
            raise Problem("conflict", _("Several records have this value."))
        return found[0] if found else None

    def has(self, pk: UUID, key: str, value: str) -> bool:
        """Tell whether a record has the value now that earlier items are done."""
        target = self.targets.get(pk)
        return target is not None and not target.is_gone and getattr(target.record, key) == value

    def remember(self, record: Any) -> None:
        """Let later items find a record by the values that it now has."""
        for key in self.keys:
            found = self.by_key.setdefault((key, getattr(record, key)), [])
            if record.pk not in found:
                found.append(record.pk)

    def created(self, item: Item) -> Result:
        """Judge a new record and remember it."""
        judge = self.judge(is_patch=False)
        judge.instance = None
        attrs = judge.run_validation(item.data)
        record = judge.judged
        judge.assign(record, attrs)
        names = names_in(attrs) or []
        if item.name is not None and item.name not in names:
            names.append(item.name)
        self.targets[record.pk] = Target(record, is_new=True, names=names)
        self.by_name |= dict.fromkeys(names, record.pk)
        self.remember(record)
        return Result(201, record.pk)

    def changed(self, item: Item, target: Target) -> Result:
        """Judge a record as it would be and remember it."""
        judge = self.judge(is_patch=True)
        judge.instance = target.record
        attrs = judge.run_validation(item.data)
        before, names_before = bulk.values_of(target.record), set(target.names or target.names_before)
        target.record = judge.judged
        self.remember(target.record)
        names = names_in(attrs)
        is_changed = bulk.values_of(target.record) != before or (names is not None and set(names) != names_before)
        if names is not None:
            target.names = names if set(names) != target.names_before else None
        return Result(200, target.record.pk, is_changed=is_changed)

    def representation(self, record: Record) -> dict[str, Any]:
        """Return a record as clients see it; all of them are read when the first is asked for."""
        if not self.shown:
            shape = shape_of(self.writer.serializer, frozenset(known_fields(self.writer.serializer)), frozenset())
            rows = self.model.objects.filter(pk__in=list(self.targets)).values_list(
                "pk", RowJSON(shape, self.writer.user)
            )
            self.shown = {pk: orjson.loads(text) for pk, text in rows}
        return self.shown.get(record.pk, {})

    def store(self) -> None:
        """Write the records that differ, and the names by which other systems know them."""
        kept = [target for target in self.targets.values() if not target.is_gone]
        bulk.insert(self.model, [target.record for target in kept if target.is_new])
        changed = [(target, target.changed()) for target in kept if not target.is_new]
        bulk.update(
            self.model, [(target.record, columns) for target, columns in changed if columns or target.names is not None]
        )
        gone = [target.record.pk for target in self.targets.values() if target.is_gone and not target.is_new]
        if gone:
            self.model.objects.filter(pk__in=gone).delete()
        self.store_names([target for target in kept if target.names is not None])

    def store_names(self, named: list[Target]) -> None:
        """Replace the names of records by those that items gave."""
        old = [target.record.pk for target in named if not target.is_new]
        if old:
            ExternalReference.objects.of(self.model).filter(object_id__in=old).delete()
        by_system: dict[str, list[tuple[Record, str]]] = {}
        for target in named:
            for system, external_id in target.names or ():
                by_system.setdefault(system, []).append((target.record, external_id))
        for system, pairs in sorted(by_system.items()):  # in one order, lest two batches wait for each other
            bulk.refer(system, sorted(pairs, key=lambda pair: pair[1]))
