"""Logs, files and answers in which a person may stand without their being about one: what is taken out of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.imports import files
from crm.models import (
    ExternalReference,
    IdempotencyKey,
    Import,
    ImportFile,
    ImportRefusal,
    Merge,
    SavedView,
    SyncRefusal,
    SyncRun,
)
from crm.privacy.words import ERASED
from crm.secrets import Unreadable, seal, unseal
from crm.sync.formats import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crm.privacy.person import Person

GOING: Final = (Import.Status.DRAFT, Import.Status.WAITING, Import.Status.RUNNING, Import.Status.FAILED)
GONE: Final = {"type": "about:blank", "title": "Gone", "status": 410, "detail": "The answer was erased."}
FORGET_JOBS: Final = """UPDATE procrastinate_jobs SET args = '{}',
    status = CASE WHEN status = 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status END
    WHERE id = ANY(%s)"""


def names_elsewhere(person: Person) -> Mapping[str, int]:
    """Delete the names by which other systems know the person's records."""
    found = 0
    for model, keys in person.rows.items():
        kind = ContentType.objects.get_for_model(model)
        found += ExternalReference.objects.filter(content_type=kind, object_id__in=keys).delete()[0]
    return {"crm.externalreference": found}


def merges(person: Person) -> Mapping[str, int]:
    """Forget what merges kept of the person, which then cannot be undone; of other merges, only the rows about them."""
    ours = Merge.objects.filter(Q(winner__in=person.ids) | Q(loser__in=person.ids), before__isnull=False)
    number = ours.update(before=None)
    keys = {str(key) for key in person.ids}
    for merge in Merge.objects.filter(before__isnull=False).iterator():
        kept: Any = merge.before
        removed = [
            {**part, "rows": [row for row in part["rows"] if keys.isdisjoint(map(str, row.values()))]}
            for part in kept["removed"]
        ]
        if removed != kept["removed"]:
            merge.before = {**kept, "removed": removed}
            merge.save(update_fields=["before"])
            number += 1
    return {"crm.merge": number}


def answers(person: Person) -> Mapping[str, int]:
    """Let kept answers that tell of the person's records answer 410, and their requests still not take effect again."""
    marks = [str(key).encode() for keys in person.gone.values() for key in keys]
    number = 0
    for kept in IdempotencyKey.objects.iterator():
        try:
            body = unseal(bytes(kept.body))
        except Unreadable:
            continue
        is_named = person.is_named(kept.key)
        if not (is_named or person.is_named(body.decode("utf-8", "replace")) or any(mark in body for mark in marks)):
            continue
        if is_named:
            kept.key = f"erased-{kept.pk}"
        kept.status, kept.headers = 410, {"Content-Type": "application/problem+json"}
        kept.body = seal(json.dumps(GONE).encode())
        kept.save()
        number += 1
    return {"crm.idempotencykey": number}


def imports(person: Person) -> Mapping[str, int]:
    """Take the files out that name the person, their samples, and refused rows; an import that still goes ends."""
    named = [one.pk for one in ImportFile.objects.select_related("owner").iterator() if is_in_file(person, one)]
    named += person.named_in(Import.objects.exclude(pk__in=named), "columns", "filename", "error")
    going = Import.objects.filter(pk__in=named, status__in=GOING)
    text = _("Its file was erased, since it named a person who was.")
    going.update(status=Import.Status.CANCELLED, error=text, ended_at=timezone.now())
    emptied = ImportFile.objects.filter(owner__in=named).exclude(content=b"").update(content=b"")
    for one in Import.objects.filter(pk__in=named):
        one.columns = [{**column, "samples": []} for column in one.columns]
        if person.is_named(one.filename):
            one.filename = ERASED
        if person.is_named(one.error):
            one.error = ""
        one.save()
    refusals = ImportRefusal.objects.filter(pk__in=person.named_in(ImportRefusal.objects.all(), "cells", "reasons"))
    return {"crm.importfile": emptied, "crm.importrefusal": refusals.update(cells={}, reasons=[])}


def is_in_file(person: Person, one: ImportFile) -> bool:
    """Tell whether the content of an import names the person."""
    return any(person.is_named(text) for text in texts_of(one))


def texts_of(one: ImportFile) -> Iterator[str]:
    """Yield the rows of a file as texts; of one that is no longer readable, what it is made of."""
    content = bytes(one.content)
    if not content:
        return
    try:
        with files.on_disk(one.owner.filename, content) as upload:
            for line in upload.rows():
                yield "\n".join(line.values.values())
    except FileUnreadable:
        yield content.decode("utf-8", "replace")


def synchronisation(person: Person) -> Mapping[str, int]:
    """Delete refused rows of an ERP that name the person, and take errors out that do."""
    refused = SyncRefusal.objects.filter(
        pk__in=person.named_in(SyncRefusal.objects.all(), "input", "identity", "position", "reasons")
    )
    runs = SyncRun.objects.filter(pk__in=person.named_in(SyncRun.objects.exclude(error=""), "error"))
    return {"crm.syncrefusal": refused.delete()[0], "crm.syncrun": runs.update(error=ERASED)}


def saved_views(person: Person) -> Mapping[str, int]:
    """Delete views that look for the person."""
    named = person.named_in(SavedView.objects.all(), "name", "parameters", "screen")
    return {"crm.savedview": SavedView.objects.filter(pk__in=named).delete()[0]}


def admin_log(person: Person) -> Mapping[str, int]:
    """Take what the records were called out of the log of the staff site."""
    number = 0
    for label, keys in person.gone.items():
        app, _dot, name = label.partition(".")
        entries = LogEntry.objects.filter(content_type__app_label=app, content_type__model=name)
        entries = entries.filter(object_id__in=[str(key) for key in keys])
        entries = entries.exclude(object_repr=ERASED, change_message="")
        number += entries.update(object_repr=ERASED, change_message="")
    named = person.named_in(LogEntry.objects.exclude(object_repr=ERASED), "object_repr", "change_message")
    number += LogEntry.objects.filter(pk__in=named).update(object_repr=ERASED, change_message="")
    return {"admin.logentry": number}


def jobs(person: Person) -> Mapping[str, int]:
    """Take the arguments of jobs out that name the person; those that wait are cancelled."""
    from procrastinate.contrib.django.models import ProcrastinateJob

    named = person.named_in(ProcrastinateJob.objects.exclude(status="doing"), "args")
    with connection.cursor() as cursor:
        cursor.execute(FORGET_JOBS, [named])
    return {"procrastinate.job": len(named)}
