"""Importing: a job of the worker that goes through a file in batches, each of which is done for good or not at all.

What a batch did and how far the file has been read are written in one transaction: a worker that is killed has done
nothing of the batch that it was at, and whoever takes the job up goes on from there.
"""

from __future__ import annotations

import hashlib
import logging
from itertools import batched
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from crm.api.errors import faults_of
from crm.api.items import Item, Result
from crm.api.routers import resources
from crm.api.writer import Writer
from crm.changes.context import acting
from crm.database.outages import is_passing
from crm.imports import files
from crm.imports.columns import EXTERNAL_ID, Reader, is_id
from crm.jobs import Again, WhenToldTo
from crm.models import Import, ImportRefusal
from crm.sync.formats import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from procrastinate import JobContext

    from crm.sync.formats import Line

logger = logging.getLogger(__name__)

BATCH: Final = 500
OWN_SYSTEM: Final = "import"
NO_ROW: Final = Result(0)  # what becomes of a line that is none
GOING: Final = (Import.Status.WAITING, Import.Status.RUNNING, Import.Status.FAILED)


class Ended(Exception):
    """Somebody cancelled the import or started it anew, or another worker is at it."""


@app.task(queue="imports", name="crm.imports.run", retry=WhenToldTo(), pass_context=True)
def run(context: JobContext, one: str, language: str) -> None:
    """Import a file, from where it has got to; go on later where the worker is told to stop."""
    found = Import.objects.select_related("user").filter(pk=one, status__in=GOING).first()
    if found is None:
        return
    with translation.override(language):
        try:
            Run(found).go(context)
        except FileUnreadable as error:
            end(found, Import.Status.FAILED, str(error))
        except Ended:
            return
        except Again:
            raise
        except Exception as error:
            if is_passing(error):  # the worker goes on, from where the file has been read to
                raise
            end(found, Import.Status.FAILED, _("Something went wrong here; the error is on record."))
            raise


def end(one: Import, status: Import.Status, error: str = "") -> None:
    """Say how a run of an import has ended, unless it was ended already."""
    same = Import.objects.filter(pk=one.pk, run=one.run, status__in=GOING)
    same.update(status=status, error=error[:500], ended_at=timezone.now())


class Run:
    """One go at a file."""

    def __init__(self, one: Import) -> None:
        """Take the import; raise FileUnreadable where its user may no longer do anything."""
        if not one.user.is_active:
            raise FileUnreadable(_("The account is disabled."))
        viewset = resources()[one.resource]
        self.one = one
        options = {"refuses_duplicates": one.refuses_duplicates}
        self.writer = Writer(viewset.serializer_class, one.user, viewset.natural_keys, **options)
        self.reader = Reader(viewset.serializer_class, one.mapping, one.user)

    def go(self, context: JobContext) -> None:
        """Do the rows that are still to be done, batch by batch."""
        Import.objects.filter(pk=self.one.pk, run=self.one.run, started_at=None).update(started_at=timezone.now())
        who: dict[str, Any] = {"command": "import", "user": self.one.user, "request_id": str(self.one.pk)}
        with acting(**who), files.of(self.one) as upload:
            for lines in batched(upload.rows(after=self.one.lines_done), BATCH):
                if context.should_abort():
                    raise Again(1)
                self.batch(lines)
        end(self.one, Import.Status.DONE)

    @transaction.atomic
    def batch(self, lines: Sequence[Line]) -> None:
        """Do a batch, and say in the same transaction that it is done."""
        one = Import.objects.select_for_update().get(pk=self.one.pk)
        if one.status not in GOING or (one.run, one.lines_done) != (self.one.run, self.one.lines_done):
            raise Ended
        results = self.results(lines)
        refusals = [
            ImportRefusal(owner=one, line=line.number, cells=cells_of(line), reasons=reasons_of(line, result))
            for line, result in zip(lines, results, strict=True)
            if result.refusal is not None or line.reason
        ]
        ImportRefusal.objects.bulk_create(refusals)
        one.refused += len(refusals)
        one.created += sum(result.status == 201 for result in results)  # noqa: PLR2004 -- RFC 9110, section 15.3.2
        changed = [result for result in results if result.status == 200]  # noqa: PLR2004 -- section 15.3.1
        one.updated += sum(result.is_changed for result in changed)
        one.unchanged += sum(not result.is_changed for result in changed)
        one.lines_done, one.status, one.error = lines[-1].number, Import.Status.RUNNING, ""
        one.save()
        self.one = one

    def results(self, lines: Sequence[Line]) -> list[Result]:
        """Return what became of each line."""
        rows = [line for line in lines if not line.reason]
        items = [item_of(self.one, row, line) for row, line in zip(self.reader.data(rows), rows, strict=True)]
        with transaction.atomic():
            found = iter(self.writer.write(items))
            transaction.set_rollback(self.one.is_dry_run)
        return [NO_ROW if line.reason else next(found) for line in lines]


def item_of(one: Import, row: dict[str, Any], line: Line) -> Item:
    """Return what a row asks for: by the id, by the name elsewhere, by a field, or by the row itself."""
    pk, external_id = row.pop("id", ""), row.pop(EXTERNAL_ID, "")
    if one.key == "id":
        if not pk:
            return Item("create", row)
        return Item("update", row, id=UUID(pk) if is_id(pk) else UUID(int=0))
    if one.key == EXTERNAL_ID or (not one.key and external_id):
        return Item("upsert", row, name=(one.system or OWN_SYSTEM, external_id))
    if one.key:
        return Item("upsert", row, key=one.key)
    digest = hashlib.sha256(orjson.dumps([one.resource, line.values], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Item("upsert", row, name=(OWN_SYSTEM, digest))


def cells_of(line: Line) -> dict[str, str]:
    """Return the cells of a row as the database can keep them; the text of a line that is no row."""
    cells = line.values or {"": files.clean(line.text)}
    return {name.replace("\0", "\ufffd"): value.replace("\0", "\ufffd") for name, value in cells.items()}


def reasons_of(line: Line, result: Result) -> list[str]:
    """Return why a row could not be taken."""
    if result.refusal is None:
        return [line.reason]
    faults = faults_of(result.refusal)
    if not faults:
        return [str(result.refusal.detail)]
    return [f"{fault.get('pointer', '').lstrip('/')}: {fault['detail']}".lstrip(": ") for fault in faults]
