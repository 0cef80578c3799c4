"""Recognising that this database is no longer the one that it was: a restored backup, a copy, a promoted standby.

PostgreSQL's system identifier, the oids of database and table, the timeline and the port tell copies apart; all may be
read by any role. A copy of files that is put back in the same place has the same marks: `manage.py restored` says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from secrets import token_hex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.changes.retention import go_on_counting
from crm.models import Change, DatabaseIdentity, User

if TYPE_CHECKING:
    from datetime import datetime

Reason = DatabaseIdentity.Reason
# On a standby, which cannot be written down, timeline and port are those of the row `i`.
MARKS: Final = """concat_ws(':', crm_system_identifier(),
    (SELECT oid FROM pg_database WHERE datname = current_database()), 'crm_databaseidentity'::regclass::oid,
    CASE WHEN pg_is_in_recovery() THEN split_part(i.marks, ':', 4)
        ELSE crm_timeline() END,
    CASE WHEN pg_is_in_recovery() THEN split_part(i.marks, ':', 5) ELSE current_setting('port') END)"""
ROW: Final = "(SELECT) AS one LEFT JOIN crm_databaseidentity AS i ON true"
NOW: Final = f"SELECT {MARKS} FROM {ROW}"  # noqa: S608 -- made of constants
PATIENCE: Final = "SET LOCAL lock_timeout = '10s'"
# Whoever writes a change has read from this table: numbers begin anew when all of them have ended.
ALONE: Final = "LOCK TABLE crm_feedstate IN ACCESS EXCLUSIVE MODE"
NEXT: Final = "SELECT base + pg_current_xact_id()::text::bigint FROM crm_feedstate"
FAILOVER: Final = timedelta(minutes=10)
# Set where somebody had PostgreSQL recover to a point in time; a standby is promoted without.
TARGETS: Final = ("recovery_target", *(f"recovery_target_{kind}" for kind in ("time", "lsn", "xid", "name")))
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells one database from another."""

    system: str
    database: str
    table: str
    timeline: str
    port: str

    @property
    def origin(self) -> tuple[str, str, str]:
        """What every copy by dump has anew, and a promoted standby keeps."""
        return self.system, self.database, self.table


def marks_now() -> str:
    """Ask PostgreSQL which database this is."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        return str(cursor.fetchone()[0])


def host_now() -> str:
    """Return the host of the CRM's address; one name for all of this machine's own."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = False
    return "localhost" if is_here else host


def recognise_after_migration(sender: object = None, **_signal: object) -> None:
    """Look once the tables are there: a migration may have gone backwards."""
    if DatabaseIdentity._meta.db_table in connection.introspection.table_names():
        recognise()


@transaction.atomic
def recognise() -> DatabaseIdentity:
    """Write down which database this is; where it is another than it was, end old positions and perhaps sending.

    The row is locked until the transaction ends.
    A promoted standby goes on sending if the old server was in use until a moment ago. A database in which nobody has
    an account yet was copied to begin with, and has nothing to send.
    """
    known = DatabaseIdentity.objects.select_for_update().filter(pk=1).first()
    marks, host = marks_now(), host_now()
    if known is None:
        return first_seen(marks, host)
    if (known.marks, known.host) == (marks, host):
        return known
    if User.objects.exists():
        reason = why_held(known, Marks(*marks.split(":")), host)
        if known.marks != marks:
            begin_epoch(known)
        if reason:
            hold(known, reason)
        logger.warning("This database is not the one that it was (%s)", reason or "failover")
    known.marks, known.host, known.seen_at = marks, host, timezone.now()
    known.save()
    return known


def first_seen(marks: str, host: str) -> DatabaseIdentity:
    """Return the identity of a database that had none: new, or of a version that wrote none.

    Positions given out so far are good, unless the numbers of the feed show that it was restored meanwhile.
    """
    wanted = {"marks": marks, "host": host, "epoch": token_hex(4)}
    known, _made = DatabaseIdentity.objects.get_or_create(pk=1, defaults=wanted)
    if go_on_counting():
        begin_epoch(known)
        hold(known, Reason.COPIED)
        known.save()
    return known


def why_held(known: DatabaseIdentity, live: Marks, host: str) -> Reason | None:
    """Return why a database that is not the one that it was must not send; None for a standby that took over."""
    before = Marks(*known.marks.split(":"))
    if before.origin != live.origin:
        return Reason.COPIED
    if known.host != host:
        return Reason.MOVED
    if before.timeline != live.timeline:
        return Reason.REWOUND if has_target() or timezone.now() - last_used(known) > FAILOVER else None
    return Reason.COPIED


def has_target() -> bool:
    """Tell whether this server was told a point in time to recover to; any role may ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_or(current_setting(name) <> '') FROM unnest(%s::text[]) AS name", [list(TARGETS)])
        return bool(cursor.fetchone()[0])


def last_used(known: DatabaseIdentity) -> datetime:
    """Return when this database was last seen in use: by a worker, or by a change."""
    newest = Change.objects.order_by("-sequence").values_list("at", flat=True).first()
    return max(known.seen_at, newest) if newest else known.seen_at


def begin_epoch(known: DatabaseIdentity) -> None:
    """Let positions given out so far end, and new changes have numbers that no lost one had; to be saved."""
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(ALONE)
        go_on_counting(leaps=True)
        cursor.execute(NEXT)
        (known.begins_at,) = cursor.fetchone()
    known.former_epochs = list(known.accepted)
    known.epoch, known.accepts_former = token_hex(4), False


def hold(known: DatabaseIdentity, reason: Reason) -> None:
    """Let nothing be sent until an operator says so; to be saved."""
    known.held_since, known.held_reason = known.held_since or timezone.now(), reason
