"""The engine: reads a source in batches, lets the receiver write each, and the checkpoint with it."""

from __future__ import annotations

import datetime
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from crm.models import SyncRefusal, Team
from crm.sync import registry, sources
from crm.sync.missing import deactivate_missing
from crm.sync.rows import Mark, Problem, SourceRow, Unreadable, can_deactivate, external_id, key_of, translate
from crm.sync.runs import RunLog, identity_of
from crm.sync.upsert import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crm.models import Record, SyncRun, User
    from crm.sync.mapping import ErpMapping, ResourceMapping
    from crm.sync.rows import Draft, Item, Position, Row
    from crm.sync.runs import Refusal
    from crm.sync.upsert import Identity


@contextmanager
def read_only() -> Iterator[None]:
    """Let the database itself refuse whatever would be written."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        yield


class Listener(Protocol):
    """Is told what happens, as it happens."""

    def progressed(self, run: SyncRun, expected: int | None) -> None:
        """Hear that a batch was committed."""

    def written(self, row: Row, outcome: Outcome) -> None:
        """Hear what became of a row."""

    def refused(self, row: SourceRow | Unreadable, reasons: dict[str, list[str]]) -> None:
        """Hear that a row was refused."""

    def deactivated(self, label: str, external_id: str) -> None:
        """Hear that the ERP no longer has a record."""

    def remarked(self, problem: Problem) -> None:
        """Hear something about the source."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes about it; `since` leaves out rows that changed before.

    `previewed` are the records that a preview would have written, also those of the resources before.
    """

    is_full: bool = False
    is_preview: bool = False
    since: datetime.datetime | None = None
    batch_size: int = 1000
    source: dict[str, Any] = field(default_factory=dict)
    previewed: dict[Identity, Record] = field(default_factory=dict)


class Refused:
    """The rows of a resource that were refused, as a source."""

    expected: int | None = None

    def __init__(self, source: str, resource: ResourceMapping) -> None:
        self.scope = {"source": source, "resource": resource.name}
        self.blank = dict.fromkeys(resource.columns, "")

    def read(self, position: Position) -> Iterator[Item]:
        kept = SyncRefusal.objects.filter(**self.scope).order_by("pk")
        identities = [one for one, values in kept.values_list("pk", "input") if isinstance(values, dict)]
        self.expected = len(identities)
        for identity in identities:
            refusal = SyncRefusal.objects.get(pk=identity)
            yield SourceRow(position, refusal.position, self.blank | refusal.input)


class Run:
    """One pull, or one retry, of one resource."""

    def __init__(
        self, *, mapping: ErpMapping, resource: ResourceMapping, options: Options, listener: Listener, by: User | None
    ) -> None:
        self.mapping = mapping
        self.resource = resource
        self.options = options
        self.listener = listener
        self.by = by
        self.team = Team.objects.get(name=mapping.team) if mapping.team else None
        self.receiver = registry.receiver(resource.receiver)
        self.log = RunLog(source=mapping.name, resource=resource.name, by=by, is_preview=options.is_preview)
        self.preview = options.previewed if options.is_preview else None
        self.batch: list[Row] = []
        self.drafts: dict[Identity, Draft] = {}
        self.refused: dict[str, Refusal] = {}
        self.seen: dict[type[Record], set[str]] = {}
        self.is_whole = True
        self.is_retry = False

    def pull(self) -> SyncRun:
        """Read what the source has after the checkpoint; return the finished run.

        Raises MappingRefused, with nothing done, where the source cannot be opened as configured.
        """
        connector = sources.connector(self.mapping.connector)
        given = {**self.resource.options, **self.options.source}
        source = connector(self.resource, given, is_preview=self.options.is_preview)
        if self.options.is_full:
            self.log.run.checkpoint_before = {}
        position = self.log.run.checkpoint_before
        with read_only() if self.options.is_preview else nullcontext(), self.log.recorded():
            self._consume(source.read(position), source)
            if self.options.is_full and self.resource.is_snapshot:
                self._deactivate_missing()
        return self.log.run

    def retry(self) -> SyncRun:
        """Try the refused rows again; return the finished run."""
        self.is_retry = self.log.run.is_told = True
        source = Refused(self.mapping.name, self.resource)
        with self.log.recorded():
            self._consume(source.read({}), source)
        return self.log.run

    def _consume(self, items: Iterable[Item], source: sources.Source | Refused) -> None:
        position: Position = self.log.run.checkpoint_after
        for item in items:
            if isinstance(item, Problem):
                self._remark(item)
                continue
            if isinstance(item, Mark):
                self._commit(item.position, source)
                continue
            row = self._take(item)
            if row is not None and not self._fits(row):
                self._commit(position, source)
            if row is not None:
                self._add(row)
            position = item.position
            if len(self.batch) + len(self.refused) >= self.options.batch_size:
                self._commit(position, source)
        if self.batch or self.refused:
            self._commit(position, source)

    def _remark(self, problem: Problem) -> None:
        self.is_whole = self.is_whole and not problem.is_gap
        self.listener.remarked(problem)
        if problem.is_failure:
            self.log.run.error = "\n".join(filter(None, [self.log.run.error, problem.text]))

    def _take(self, item: SourceRow | Unreadable) -> Row | None:
        """Return the translated row; None where it is refused, or older than the run wants."""
        if isinstance(item, Unreadable):
            self.is_whole = False
            self._refuse(item, "", {NON_FIELD_ERRORS: [item.reason]})
            return None
        try:
            if self._is_older(item):
                return None
            return translate(self.resource, item)
        except ValidationError as error:
            self._refuse(item, key_of(self.resource, item), error.message_dict)
            self._see(item)
            return None

    def _is_older(self, item: SourceRow) -> bool:
        if self.options.since is None:
            return False
        column = self.resource.changed_at
        text = item.values[column].strip()
        try:
            day = parse_date(text)
            moment = datetime.datetime.combine(day, datetime.time()) if day else parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None:
            raise ValidationError({column: [_("%(text)s is not a time.") % {"text": text}]})
        moment = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return moment < self.options.since

    def _refuse(self, item: SourceRow | Unreadable, key: str, reasons: dict[str, list[str]]) -> None:
        self.log.run.read += 1
        self.log.run.refused += 1
        self.refused[identity_of(item, key)] = (item, reasons)
        self.listener.refused(item, reasons)

    def _see(self, item: SourceRow) -> None:
        """Remember that the ERP still has what a refused row is about."""
        for rule in self.resource.parts:
            try:
                self.seen.setdefault(rule.part.model, set()).add(external_id(rule, item.values))
            except ValidationError:
                self.is_whole = False

    def _fits(self, row: Row) -> bool:
        """Return whether the batch says nothing else of the same records."""
        known = ((self.drafts.get(identity), draft) for identity, draft in self._identities(row))
        return all(before is None or before == draft for before, draft in known)

    def _identities(self, row: Row) -> Iterator[tuple[Identity, Draft]]:
        for name, draft in row.drafts.items():
            yield (self.receiver.parts[name].label, draft.external_id), draft

    def _add(self, row: Row) -> None:
        self.batch.append(row)
        self.refused.pop(row.key, None)
        self.drafts |= self._identities(row)
        if self.options.is_full and self.resource.is_snapshot:
            for name, draft in row.drafts.items():
                self.seen.setdefault(self.receiver.parts[name].model, set()).add(draft.external_id)

    def _commit(self, position: Position, source: sources.Source | Refused) -> None:
        """Write the batch, what it refused, the counts and the checkpoint in one transaction."""
        run, batch = self.log.run, self.batch
        with transaction.atomic():
            outcomes = self._write(batch)
            for row, outcome in zip(batch, outcomes, strict=True):
                if outcome.status == "refused":
                    self._refuse(row.source, row.key, outcome.errors)
                else:
                    run.read += 1
                    setattr(run, outcome.status, getattr(run, outcome.status) + 1)
            self.log.accept([row.key for row, one in zip(batch, outcomes, strict=True) if one.status != "refused"])
            self.log.refuse(self.refused)
            if not self.is_retry:
                self.log.move_checkpoint(position)
            self.log.save()
        for row, outcome in zip(batch, outcomes, strict=True):
            self.listener.written(row, outcome)
        if batch or self.refused:
            self.listener.progressed(run, source.expected)
        self.batch, self.drafts, self.refused = [], {}, {}

    def _write(self, rows: list[Row]) -> list[Outcome]:
        """Write the rows; where the database refuses, find by halves the rows that it means."""
        if not rows:
            return []
        try:
            with transaction.atomic():
                outcomes = self.receiver.upsert(
                    rows=rows, system=self.mapping.system, by=self.by, team=self.team, preview=self.preview
                )
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                return outcomes
        except (IntegrityError, DataError) as error:
            if len(rows) == 1:
                return [Outcome("refused", errors={NON_FIELD_ERRORS: [str(error).partition("\n")[0]]})]
        middle = len(rows) // 2
        return self._write(rows[:middle]) + self._write(rows[middle:])

    def _deactivate_missing(self) -> None:
        """Give up what a whole reading of the source did not have; nothing after one with gaps."""
        if not self.is_whole or not self.log.run.read:
            self.listener.remarked(Problem(str(_("Not everything could be read, so nothing is taken for deleted."))))
            return
        models = dict.fromkeys(rule.part.model for rule in self.resource.parts if can_deactivate(rule.part.model))
        for model in models:
            gone = deactivate_missing(
                model, self.mapping.system, self.seen.get(model, set()), is_preview=self.options.is_preview
            )
            for name in gone:
                self.log.run.deleted += 1
                self.listener.deactivated(model._meta.label_lower, name)
        self.log.save()
