"""Whether this database may send; where it may not, the worker does nothing at all, which sends nothing either."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.utils import timezone
from procrastinate.manager import JobManager

from crm.models import DatabaseIdentity
from crm.restored.identity import MARKS, ROW, Reason, begin_epoch, hold, host_now, recognise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from procrastinate.jobs import Job

IS_KNOWN: Final = f"coalesce(i.marks = {MARKS} AND i.host = %(host)s, false)"
LOOK: Final = f"SELECT {IS_KNOWN}, i.held_since IS NULL, i.seen_at < now() - interval '1 minute' FROM {ROW}"  # noqa: S608 -- constants
MAY_SEND: Final = f"SELECT {IS_KNOWN} AND i.held_since IS NULL AS may_send FROM {ROW}"  # noqa: S608 -- constants
REMIND_SECONDS: Final = 300.0
HELD: Final = "Nothing is sent and no job is done: %s. See `manage.py restored`."
logger = logging.getLogger(__name__)
_reminded: dict[str, float] = {}


class SendingHeld(Exception):
    """This database is a restored copy, and nothing leaves it until an operator says so."""


class NothingHeld(Exception):
    """Sending is not held back."""


def may_send() -> bool:
    """Tell whether this database may send, having looked whether it is the one that it was; the worker asks often."""
    is_known, is_free, is_due = look()
    if not is_known:
        is_free = recognise().held_since is None
    if not is_free:
        remind()
    elif is_due:
        DatabaseIdentity.objects.update(seen_at=timezone.now())
    return is_free


def look() -> tuple[bool, bool, bool]:
    """Return whether the database is the one that it was, is not held back, and was not seen for a minute."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"host": host_now()})
        is_known, is_free, is_due = cursor.fetchone()
    return is_known, is_free, is_due


def is_held() -> bool:
    """Tell whether sending is held back, or will be; writes nothing."""
    is_known, is_free, _is_due = look()
    return not (is_known and is_free)


def refuse_while_held() -> None:
    """Raise SendingHeld where this database may not send; for commands that do what the worker would."""
    if not may_send():
        raise SendingHeld


def remind() -> None:
    """Say in the log, every few minutes, that nothing is sent."""
    if time.monotonic() - _reminded.get("at", -REMIND_SECONDS) >= REMIND_SECONDS:
        _reminded["at"] = time.monotonic()
        reason = DatabaseIdentity.objects.values_list("held_reason", flat=True).get()
        logger.warning(HELD, f"this database was {Reason(reason).label}")


class HeldJobs(JobManager):
    """Gives the worker jobs only while this database may send: whatever jobs there will be, none sends twice."""

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Return the next job; none while sending is held back, or a copy is still to be recognised."""
        row: dict[str, Any] = await self.connector.execute_query_one_async(MAY_SEND, host=host_now())
        return await super().fetch_job(queues=queues, worker_id=worker_id) if row["may_send"] else None


@transaction.atomic
def declare_restored() -> DatabaseIdentity:
    """Take an operator's word that this is a restored copy, also where nothing shows it: end positions and sending."""
    known = recognise()
    begin_epoch(known)
    hold(known, Reason.DECLARED)
    known.save()
    return known


@transaction.atomic
def resume_sending() -> DatabaseIdentity:
    """Send again, what waits and what comes; raise NothingHeld where nothing is held back."""
    known = recognise()
    if known.held_since is None:
        raise NothingHeld
    known.held_since, known.held_reason, known.seen_at = None, "", timezone.now()
    known.save()
    return known


@transaction.atomic
def accept_former_positions() -> DatabaseIdentity:
    """Take an operator's word that no change was lost: positions given out before are good here."""
    known = recognise()
    known.accepts_former = True
    known.save()
    return known
