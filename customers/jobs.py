"""Background work on customers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from procrastinate.contrib.django import app

from customers.matching import renew_duplicates
from customers.models import Customer

RECENT: Final = timedelta(minutes=10)
_is_slow = False


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="find_duplicates", lock="find_duplicates")
def find_duplicates(timestamp: int) -> None:
    """Bring the list of duplicates up to date, where a customer changed of late; at the full hour in any case.

    Where that takes too long, which is noted as a warning, the list stays as it is until the next full hour.
    """
    global _is_slow  # noqa: PLW0603 -- what this worker found out
    is_full_hour = datetime.fromtimestamp(timestamp, tz=timezone.get_current_timezone()).minute == 0
    if is_full_hour or (not _is_slow and Customer.objects.filter(updated_at__gte=timezone.now() - RECENT).exists()):
        _is_slow = not renew_duplicates()
