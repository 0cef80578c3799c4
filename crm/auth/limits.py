"""Rate limits: fixed windows of a minute, counted in the database, so exact however many processes serve.

The table `crm_rate_counter` has no model and is not logged: it is touched by the statements here alone, and
may be lost in a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from django.conf import settings
from django.db import connection

from crm.auth.addresses import client_network
from crm.database.prepared import fetch_one

if TYPE_CHECKING:
    from django.http import HttpRequest

WINDOW: Final = 60

# A request that waited for another's lock may come from the minute before: it counts for the newer one.
COUNT: Final = """
    INSERT INTO crm_rate_counter AS c (key, minute, hits)
    {rows}
    ON CONFLICT (key) DO UPDATE SET
        minute = greatest(c.minute, excluded.minute),
        hits = CASE WHEN excluded.minute > c.minute THEN 1 ELSE c.hits + 1 END
    RETURNING key, hits
"""
SECOND: Final = "floor(extract(epoch FROM statement_timestamp()))::bigint"
COUNT_ONE: Final = f"""
    WITH counted AS ({COUNT.format(rows=f"VALUES (%s, {SECOND} / {WINDOW}, 1)")})
    SELECT hits, {SECOND} FROM counted
"""  # noqa: S608 -- made of constants


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a limit is used: requests in the running minute, which ends in `resets_in` seconds."""

    name: str
    limit: int
    used: int
    resets_in: int

    @property
    def left(self) -> int:
        """Requests that may still come in this minute."""
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """Whether this request is already one too many."""
        return self.used > self.limit


def usage(name: str, limit: int, hits: int, second: int) -> Usage:
    """Return the usage that a count at this second of the epoch means."""
    return Usage(name, limit, hits, WINDOW - second % WINDOW)


def count_address(request: HttpRequest, door: str) -> Usage:
    """Count a request of somebody unknown, by network address; each door counts apart, so that none locks another."""
    return count("address", f"i:{door}:{client_network(request)}", settings.RATE_LIMIT_ADDRESS)


def count_use(name: str, key: str, limit: int) -> Usage:
    """Count a request that something of a name, such as a form, is used by, whoever sends it."""
    return count(name, f"{name}:{key}", limit)


def count(name: str, key: str, limit: int) -> Usage:
    """Count a request under a key, and return how much of a limit that uses."""
    hits, second = cast("tuple[int, int]", fetch_one(COUNT_ONE, [key]))  # it always returns the row that it counted
    return usage(name, limit, hits, second)


def forget_old_counts() -> int:
    """Delete what was counted before the last ten minutes and return how many rows that were."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM crm_rate_counter WHERE minute < {SECOND} / {WINDOW} - 10")  # noqa: S608 -- constants
        return int(cursor.rowcount)
