"""Every night: content without a row goes once it can no longer be wanted back, and rows whose record is long gone."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone
from procrastinate.contrib.django import app

from crm.about import kinds
from crm.attachments.store import store
from crm.changes.context import acting
from crm.models import Attachment, Change

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crm.models.changes import ChangeQuerySet

logger = logging.getLogger(__name__)
BATCH: Final = 500
ARRIVING: Final = timedelta(days=1)  # longer than any upload takes from the store to its row


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="sweep_attachments")
def sweep_attachments(timestamp: int) -> None:
    """Remove rows first: their content has its own time to wait."""
    with acting(command="sweep_attachments"):
        remove_rows()
    remove_content()


def remove_rows() -> int:
    """Delete attachments of records that were deleted more than ATTACHMENT_DAYS ago, and return how many."""
    earliest, removed = timezone.now() - timedelta(days=settings.ATTACHMENT_DAYS), 0
    for label, model in kinds().items():
        gone = Attachment.objects.filter(about_type=label, created_at__lt=earliest)
        gone = gone.filter(~Exists(model.objects.filter(pk=OuterRef("about_id"))))
        gone = gone.filter(~Exists(deletions(earliest).filter(model=label, record=OuterRef("about_id"))))
        removed += gone.delete()[0]
    return removed


def remove_content() -> int:
    """Delete content that has no row and had none for ATTACHMENT_DAYS, and return how many files that were."""
    removed = 0
    for keys in batched(all_keys(), BATCH):
        for key in unwanted(keys):
            store().delete(key)
            removed += 1
    if removed:
        logger.info("Removed %s files without an attachment", removed)
    return removed


def unwanted(keys: tuple[str, ...]) -> Iterator[str]:
    """Yield those of the keys whose attachment is gone for good, or never came to be."""
    by_id = {UUID(key.rpartition("/")[2]): key for key in keys}
    earliest = timezone.now() - timedelta(days=settings.ATTACHMENT_DAYS)
    there = set(Attachment.objects.filter(pk__in=by_id).values_list("pk", flat=True))
    lately = deletions(earliest).filter(model=Attachment.label(), record__in=by_id)
    kept = there | set(lately.values_list("record", flat=True))
    for pk, key in by_id.items():
        if pk not in kept and store().get_modified_time(key) < timezone.now() - ARRIVING:
            yield key


def deletions(earliest: datetime) -> ChangeQuerySet:
    """Return the deletions since a moment."""
    return Change.objects.filter(action=Change.Action.DELETED, at__gte=earliest)


def all_keys() -> Iterator[str]:
    """Yield the keys of all content in the store."""
    for number in range(256):
        folder = f"{number:02x}"
        try:
            _folders, names = store().listdir(folder)
        except FileNotFoundError:
            continue
        yield from (f"{folder}/{name}" for name in names if is_key(name))


def is_key(name: str) -> bool:
    """Tell whether a name in the store is one that an attachment gave."""
    try:
        return UUID(name).hex == name
    except ValueError:
        return False
