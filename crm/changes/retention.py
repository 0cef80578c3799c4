"""How far back the change feed reaches, and how its numbers go on in a database that was restored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from crm.models import Change, FeedState

if TYPE_CHECKING:
    from datetime import datetime

CHUNK: Final = 10_000
LEAP: Final = 2**32  # more transactions than PostgreSQL lets a copy be behind
THIS: Final = "SELECT pg_current_xact_id()::text::bigint"


def prune() -> None:
    """Delete the changes that are older than CHANGE_DAYS, from the beginning of the feed on; none where it is 0."""
    if settings.CHANGE_DAYS:
        before = timezone.now() - timedelta(days=settings.CHANGE_DAYS)
        while prune_chunk(before):
            pass


@transaction.atomic
def prune_chunk(before: datetime) -> bool:
    """Delete some of the first changes of the feed, and tell whether there may be more to delete."""
    rows = list(Change.objects.settled().in_order().values_list("transaction", "sequence", "at")[:CHUNK])
    count = next((place for place, row in enumerate(rows) if row[2] >= before), len(rows))
    if not count:
        return False
    last, sequence, _at = rows[count - 1]
    Change.objects.filter(sequence__in=[row[1] for row in rows[:count]]).delete()
    FeedState.objects.update_or_create(pk=1, defaults={"pruned_transaction": last, "pruned_sequence": sequence})
    return count == CHUNK


def go_on_counting(sender: Any = None, *, leaps: bool = False, **kwargs: Any) -> bool:
    """Let numbers go on rising where the database's own began anew, as in a restored dump; tell whether they had.

    Without this, new changes would sort before old ones, and readers would never see them. With `leaps`, no number is
    given out again that a lost change may have had.
    """
    with transaction.atomic():
        newest = Change.objects.aggregate(newest=Max("transaction"))["newest"] or 0
        state = FeedState.objects.select_for_update().filter(pk=1).first() or FeedState(pk=1)
        with connection.cursor() as cursor:
            cursor.execute(THIS)
            (number,) = cursor.fetchone()
        is_behind: bool = newest >= state.base + number
        base = (newest + 1 - number if is_behind else state.base) + (LEAP if leaps else 0)
        if base != state.base:
            FeedState.objects.update_or_create(pk=1, defaults={"base": base})
    return is_behind
