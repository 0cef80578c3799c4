"""What holds the change feed up, and with it webhooks: a transaction that is open, or prepared and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from crm.models.changes import HORIZON

STALLED: Final = 300.0  # seconds
# Of the oldest change that readers do not see yet; of the oldest transaction that writes, here or in another database,
# as far as this role may see it; of the oldest that was prepared, which nothing ends but an operator.
FIGURES: Final = f"""SELECT
    coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(at) FROM crm_change
        WHERE transaction >= {HORIZON})), 0),
    coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(xact_start) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_xid IS NOT NULL)), 0),
    coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(prepared) FROM pg_prepared_xacts)), 0),
    (SELECT count(*) FROM pg_prepared_xacts)"""  # noqa: S608 -- made of constants


@dataclass(frozen=True, slots=True)
class Lag:
    """How far readers of the feed are behind, how old the oldest transactions are, and how many are prepared."""

    feed_lag_seconds: float
    oldest_transaction_seconds: float
    oldest_prepared_transaction_seconds: float
    prepared_transactions: int

    @property
    def is_stalled(self) -> bool:
        """Whether the feed stands still, or would as soon as something changes."""
        ages = (self.feed_lag_seconds, self.oldest_transaction_seconds, self.oldest_prepared_transaction_seconds)
        return max(ages) > STALLED


def lag() -> Lag:
    """Ask the database; raise DatabaseError where it does not answer."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES)
        feed, transaction, prepared, count = cursor.fetchone()
    return Lag(round(float(feed), 3), round(float(transaction), 3), round(float(prepared), 3), count)
