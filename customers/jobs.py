"""Background work on customers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from procrastinate.contrib.django import app

from crm.changes.context import acting
from crm.sync.runs import AlreadyRunning, only_one
from customers import retention
from customers.matching import renew_duplicates
from customers.models import Customer, RetentionRule

logger = logging.getLogger(__name__)

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


@app.periodic(cron="41 2 * * *")
@app.task(queueing_lock="apply_retention", lock="apply_retention")
def apply_retention(timestamp: int) -> None:
    """Do each night what the rules of retention in use say; nothing while somebody does so by the command."""
    try:
        with only_one(retention.NAME), acting(command=retention.NAME):
            outcomes = [retention.apply_rule(rule) for rule in RetentionRule.objects.in_use()]
    except AlreadyRunning:
        return
    for one in outcomes:
        logger.info(
            "Retention: %s of %s done, %s refused", one.done, one.due, one.refused, extra={"rule": one.rule.name}
        )
