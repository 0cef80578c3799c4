"""The log of runs: one at a time for each source, with its checkpoint and the rows that it refused."""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError, connection
from django.utils import timezone

from crm.changes.context import acting
from crm.models import SyncCheckpoint, SyncRefusal, SyncRun
from crm.sync.rows import SourceRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crm.models import User
    from crm.sync.rows import Position, Unreadable

LOCK: Final = zlib.crc32(b"crm.sync") - (1 << 31)
COUNTS: Final = ("read", "created", "updated", "unchanged", "deleted", "refused")


type Refusal = tuple[SourceRow | Unreadable, dict[str, list[str]]]


class AlreadyRunning(Exception):
    """Another process works on the same source."""


def lock_key(source: str) -> tuple[int, int]:
    return LOCK, zlib.crc32(source.encode()) - (1 << 31)


@contextmanager
def only_one(source: str) -> Iterator[None]:
    """Keep other processes from the source; raise AlreadyRunning if one is at it. The lock dies with the process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", lock_key(source))
        if not cursor.fetchone()[0]:
            raise AlreadyRunning(source)
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock_key(source))


def is_running(source: str) -> bool:
    """Return whether a process works on the source at this moment."""
    first, second = (key % (1 << 32) for key in lock_key(source))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s "
            "AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            (first, second),
        )
        return bool(cursor.fetchone()[0])


class RunLog:
    """Keeps the record of one run; a preview keeps it in memory only."""

    def __init__(self, *, source: str, resource: str, by: User | None, is_preview: bool) -> None:
        self.is_preview = is_preview
        self.run = SyncRun(source=source, resource=resource, by=by)
        self.scope = {"source": source, "resource": resource}
        found = SyncCheckpoint.objects.filter(**self.scope).first()
        self.run.checkpoint_before = found.position if found else {}
        self.run.checkpoint_after = self.run.checkpoint_before
        self.untold: list[SyncRun] = []
        self.has_refusals = SyncRefusal.objects.filter(**self.scope).exists()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record how the run begins and ends, whatever happens between."""
        if not self.is_preview:
            unfinished = SyncRun.objects.filter(**self.scope, status=SyncRun.Status.RUNNING)
            unfinished.update(status=SyncRun.Status.INTERRUPTED, finished_at=timezone.now())
            self.untold = list(before_it(self.run))
            self.run.save(force_insert=True)
        try:
            with acting(command=f"erp_pull {self.run.source}", user=self.run.by, request_id=str(self.run.pk)):
                yield
        except BaseException as error:
            is_stopped = isinstance(error, KeyboardInterrupt | GeneratorExit)
            with suppress(DatabaseError):
                self._finish(SyncRun.Status.INTERRUPTED if is_stopped else SyncRun.Status.FAILED, str(error))
            raise
        refused = SyncRun.Status.REFUSED if self.whole()["refused"] else SyncRun.Status.DONE
        self._finish(SyncRun.Status.FAILED if self.run.error else refused, self.run.error)

    def whole(self) -> dict[str, int]:
        """Return the counts of the run, and of those before it that it goes on with and nobody was told of."""
        return {name: sum(getattr(one, name) for one in (*self.untold, self.run)) for name in COUNTS}

    def told(self) -> None:
        """Note that somebody was told what came of the run; also of what it did not go on with."""
        if not self.is_preview:
            SyncRun.objects.filter(**self.scope, is_told=False).update(is_told=True)

    def save(self) -> None:
        """Write the counts so far."""
        if not self.is_preview:
            self.run.save(update_fields=[*COUNTS, "checkpoint_after", "error"])

    def move_checkpoint(self, position: Position) -> None:
        """Count everything up to `position` as read; to be called in the transaction that wrote it."""
        self.run.checkpoint_after = position
        if not self.is_preview:
            SyncCheckpoint.objects.update_or_create(
                {"position": position}, source=self.run.source, resource=self.run.resource
            )

    def refuse(self, refused: dict[str, Refusal]) -> None:
        """Keep rows by identity with what is wrong with them, each in place of what was kept of it before."""
        if self.is_preview or not refused:
            return
        kept = [
            SyncRefusal(
                **self.scope,
                run=self.run,
                identity=identity,
                position=row.place[:300],
                input=writable(row.values if isinstance(row, SourceRow) else row.text),
                reasons=writable(reasons),
            )
            for identity, (row, reasons) in refused.items()
        ]
        SyncRefusal.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["source", "resource", "identity"],
            update_fields=["run", "position", "input", "reasons", "refused_at"],
        )
        self.has_refusals = True

    def accept(self, keys: Sequence[str]) -> None:
        """Forget that rows with these keys were refused before."""
        if self.has_refusals and not self.is_preview:
            SyncRefusal.objects.filter(**self.scope, identity__in=keys).delete()

    def _finish(self, status: SyncRun.Status, error: str) -> None:
        self.run.status, self.run.error, self.run.finished_at = status, error, timezone.now()
        if not self.is_preview:
            self.run.save()


def before_it(run: SyncRun) -> Iterator[SyncRun]:
    """Yield the runs of which nobody was told, as they or what called them was killed, and with which a run goes on."""
    position = run.checkpoint_before
    rows = SyncRun.objects.filter(source=run.source, resource=run.resource, is_told=False).order_by(
        "-started_at", "-pk"
    )
    for one in rows:
        if one.checkpoint_after != position:
            return
        if one.checkpoint_before != one.checkpoint_after:  # else the same rows are read once more
            yield one
        position = one.checkpoint_before


def identity_of(row: SourceRow | Unreadable, key: str) -> str:
    """Return the key of a row, or its place and a digest of its text if it has no key that can be kept."""
    text = json.dumps(row.values) if isinstance(row, SourceRow) else row.text
    if key and len(key) <= 200 and writable(key) == key:  # noqa: PLR2004 -- the length of an external id
        return key
    return f"{row.place[:250]} {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def writable(value: Any) -> Any:
    """Return the value with characters that PostgreSQL cannot keep written as escapes."""
    if isinstance(value, dict):
        return {writable(name): writable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [writable(one) for one in value]
    text = str(value).replace("\x00", "\\u0000")
    return text.encode("utf-8", "backslashreplace").decode()
