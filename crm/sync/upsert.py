"""Sets of records brought up to what another system says, in a number of statements that does not grow with them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from crm.bulk import insert, known_as, refer, update, values_of
from crm.custom.definitions import begin, definitions
from crm.models import ExternalReference
from crm.sync.elsewhere import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from crm.models import Record, Team
    from crm.sync.registry import Part
    from crm.sync.rows import Draft, Row

type Identity = tuple[str, str]
type Status = Literal["created", "updated", "unchanged", "deleted", "refused"]


@dataclass(slots=True)
class Target:
    """A record that rows speak of, with old and new value of what would change; of new records only in a preview."""

    draft: Draft
    pk: UUID
    record: Record | None = None
    is_new: bool = False
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_written(self) -> bool:
        """Return whether the record is to be inserted or updated."""
        return self.is_new or bool(self.changes)

    @property
    def written(self) -> Record:
        """Return the record as it is to be written; only of a target that is."""
        if self.record is None:
            raise LookupError(self.draft.external_id)
        return self.record


@dataclass(slots=True)
class Outcome:
    """What became of a row: its status, the records that changed, and why it was refused."""

    status: Status
    targets: list[Target] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)


class Upsert:
    """Compares rows with what is stored (`plan`), then writes the difference (`write`).

    Every record is judged by its model's own `clean_fields` and `clean`, and only where it differs; a row with one
    wrong record is refused whole. With `preview`, a dictionary kept from batch to batch, nothing is locked or written.
    """

    def __init__(
        self,
        *,
        rows: Sequence[Row],
        parts: Mapping[str, Part],
        system: str,
        team: Team | None = None,
        preview: dict[Identity, Record] | None = None,
    ) -> None:
        self.rows = rows
        self.parts = parts
        self.system = system
        self.team = team
        self.preview = preview
        self.targets: dict[Identity, Target] = {}
        self.orphans: list[Any] = []
        self.elsewhere = Elsewhere(system, preview)
        self.lacking: dict[type[Record], list[str]] = {}
        self.left_out: dict[tuple[type[Record], frozenset[str]], set[str]] = {}

    def plan(self) -> None:
        """Work out what is new, what changes, and which rows must be refused."""
        for name, part in self.parts.items():
            drafts = {row.drafts[name].external_id: row.drafts[name] for row in self.rows if name in row.drafts}
            if drafts:
                self._plan_part(part, drafts)

    def write(self) -> None:
        """Insert and update the records of all rows that are not refused."""
        wanted = self._wanted()
        if self.preview is not None:
            self.preview |= {self._identity(target.draft): target.written for target in wanted}
            return
        if self.orphans:
            ExternalReference.objects.filter(pk__in=self.orphans).delete()
        for name, part in self.parts.items():
            new = [target.written for target in wanted if target.draft.part == name and target.is_new]
            begin(new)
            insert(part.model, new)
            changed = [target for target in wanted if target.draft.part == name and not target.is_new]
            update(part.model, [(target.written, target.changes.keys()) for target in changed])
        names = [(target.written, target.draft.external_id) for target in wanted if target.is_new]
        refer(self.system, names)

    def outcomes(self) -> list[Outcome]:
        """Return what became of each row, in the rows' order."""
        return [self._outcome(row) for row in self.rows]

    def of_part(self, name: str) -> list[Target]:
        """Return the targets of one part that are new or change."""
        return [target for target in self.targets.values() if target.draft.part == name and target.is_written]

    def _identity(self, draft: Draft) -> Identity:
        return self.parts[draft.part].label, draft.external_id

    def _wanted(self) -> list[Target]:
        wanted: dict[Identity, Target] = {}
        for row in self.rows:
            targets = self._targets(row)
            if not any(target.errors for target in targets):
                wanted |= {self._identity(target.draft): target for target in targets if target.is_written}
        return list(wanted.values())

    def _targets(self, row: Row) -> list[Target]:
        found = (self.targets.get(self._identity(draft)) for draft in row.drafts.values())
        return [target for target in found if target is not None]

    def _outcome(self, row: Row) -> Outcome:
        targets = self._targets(row)
        errors = {
            f"{target.draft.part}.{name}": messages for target in targets for name, messages in target.errors.items()
        }
        if errors:
            return Outcome("refused", errors=errors)
        changed = [target for target in targets if target.is_written]
        if not changed:
            return Outcome("unchanged")
        status: Status = "created" if targets[0].is_new else "updated"
        return Outcome("deleted" if row.is_deleted else status, changed)

    def _plan_part(self, part: Part, drafts: dict[str, Draft]) -> None:
        self.elsewhere.find(part.model, drafts.values())
        stored = self._stored(part, drafts)
        differing = {name for name, values in stored.items() if self._differs(part, values, drafts[name])}
        fresh = self._locked(part, {stored[name]["id"] for name in differing})
        self._load_linked([drafts[name] for name in drafts if name in differing or name not in stored])
        for name, draft in drafts.items():
            pk = stored[name]["id"] if name in stored else None
            if pk is not None and name not in differing:
                target = Target(draft, pk)
            elif pk in fresh:
                target = self._changed(part, draft, fresh[pk])
            elif draft.is_deleted:
                continue
            else:
                target = self._created(part, draft)
            self.targets[self._identity(draft)] = target

    def _stored(self, part: Part, drafts: dict[str, Draft]) -> dict[str, dict[str, Any]]:
        """Return, by external id, what is stored of what the drafts speak of."""
        columns = {name for draft in drafts.values() for name in draft.values}.union(part.fixed)
        columns.update(f"{name}_id" for name in part.links)
        columns.update(f"{name}_id" for draft in drafts.values() for name in draft.references)
        stored, orphans = known_as(part.model, self.system, list(drafts), sorted(columns))
        self.orphans += orphans
        for name in drafts:
            record = (self.preview or {}).get((part.label, name))
            if record is not None:
                stored[name] = {column: getattr(record, column) for column in (*columns, "id")}
        return stored

    def _differs(self, part: Part, values: dict[str, Any], draft: Draft) -> bool:
        if any(values[name] != value for name, value in draft.values.items()):
            return True
        if any(values[name] != value for name, value in part.fixed.items()):
            return True
        if any(values[f"{name}_id"] != pk for name, pk in self.elsewhere.of(part.model, draft).items()):
            return True
        linked = ((name, self.targets.get(self._identity(target))) for name, target in draft.links.items())
        return any(target is not None and values[f"{name}_id"] != target.pk for name, target in linked)

    def _locked(self, part: Part, wanted: set[Any]) -> dict[Any, Record]:
        """Return the records to change as they are now, kept from changing until the transaction ends."""
        if not wanted:
            return {}
        records = part.model.objects.filter(pk__in=wanted).order_by("pk")
        records = records.select_related(*part.links) if part.links else records
        if self.preview is None:
            return {record.pk: record for record in records.select_for_update(of=("self",), no_key=True)}
        seen = {record.pk: copy.copy(record) for record in self.preview.values() if record.pk in wanted}
        return {record.pk: record for record in records} | seen

    def _load_linked(self, drafts: list[Draft]) -> None:
        """Fetch, at once, the unchanged records to which others point; those that a preview would have made, it has."""
        linked = [self.targets.get(self._identity(target)) for draft in drafts for target in draft.links.values()]
        missing = [target for target in linked if target is not None and target.record is None]
        for target in missing:
            target.record = (self.preview or {}).get(self._identity(target.draft))
        missing = [target for target in missing if target.record is None]
        for model in {self.parts[target.draft.part].model for target in missing}:
            wanted = {target.pk for target in missing if self.parts[target.draft.part].model is model}
            records = model.objects.in_bulk(wanted)
            for target in (one for one in missing if one.pk in records):
                target.record = records[target.pk]

    def _changed(self, part: Part, draft: Draft, record: Record) -> Target:
        target = Target(draft, record.pk, record)
        if any(getattr(record, name) != value for name, value in part.fixed.items()):
            target.errors[NON_FIELD_ERRORS] = [str(_("The ERP's id belongs to a record of another kind."))]
            return target
        before = values_of(record)
        self._fill(target, draft.values)
        self._validate(target, frozenset(draft.values))
        after = values_of(record)
        target.changes = {name: (before[name], value) for name, value in after.items() if before[name] != value}
        return target

    def _created(self, part: Part, draft: Draft) -> Target:
        record = part.model(**part.fixed, team=self.team)
        target = Target(draft, record.pk, record, is_new=True)
        self._fill(target, draft.ours | draft.values)
        self._validate(target, required(part.model).union(draft.ours, draft.values))
        if lacking := self._lacking(part.model):
            target.errors["custom"] = [str(_("These custom fields need a value: %s.") % ", ".join(lacking))]
        if self.preview is not None:
            empty = values_of(part.model())
            after = values_of(record)
            target.changes = {name: (None, value) for name, value in after.items() if empty[name] != value}
        return target

    def _lacking(self, model: type[Record]) -> list[str]:
        """Return the custom fields that a new record must have and no ERP says, those with a default aside."""
        if model not in self.lacking:
            found = definitions(model)
            self.lacking[model] = found.lacking(found.defaults())
        return self.lacking[model]

    def _fill(self, target: Target, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(target.written, name, value)
        for name, pk in self.elsewhere.of(type(target.written), target.draft).items():
            setattr(target.written, f"{name}_id", pk)
        for name, linked in target.draft.links.items():
            parent = self.targets.get(self._identity(linked))
            if parent is not None:
                setattr(target.written, name, parent.record)

    def _validate(self, target: Target, names: frozenset[str]) -> None:
        """Judge the fields named; what the record points to, the plan knows to be there."""
        left_out = self._left_out(type(target.written), names)
        errors: dict[str, list[str]] = {}
        checks: tuple[Callable[[], None], ...] = (
            partial(target.written.clean_fields, exclude=left_out),
            target.written.clean,
        )
        for check in checks:
            try:
                check()
            except ValidationError as error:
                found = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
                errors |= {name: errors.get(name, []) + messages for name, messages in found.items()}
        errors |= self.elsewhere.missing(type(target.written), target.draft)
        for name in self.parts[target.draft.part].links:
            if not target.written._meta.get_field(name).null and getattr(target.written, f"{name}_id") is None:
                errors[name] = [str(_("The row has nothing that this belongs to."))]
        target.errors = errors

    def _left_out(self, model: type[Record], names: frozenset[str]) -> set[str]:
        """Return the fields that need no judgement: others than those named, and those that point to records."""
        if (model, names) not in self.left_out:
            fields = model._meta.concrete_fields
            self.left_out[model, names] = {one.name for one in fields if one.is_relation or one.name not in names}
        return self.left_out[model, names]


@cache
def required(model: type[Record]) -> frozenset[str]:
    """Return the fields that a record cannot do without, having no default."""
    return frozenset(one.name for one in model._meta.concrete_fields if not (one.blank or one.has_default()))
