"""Whose turn it is: few jobs for each webhook, and none while its receiver does not answer.

The log of messages is the queue. A webhook has three lanes, each a job of the worker at a time; all messages about a
record are in one of them. So many messages, or a receiver that hangs, leave room for other webhooks.
"""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.models import Webhook, WebhookDelivery
from crm.webhooks import backoff, deliveries, rights

LANES: Final = 3
TURN: Final = 5.0  # seconds, after which other webhooks have their turn
BEHIND_ALL: Final = -1  # a flood of messages keeps nobody waiting who asked for an import or a reminder
QUEUE: Final = "webhooks"


@app.task(queue=QUEUE, priority=BEHIND_ALL, name="crm.webhooks.send")
def send(webhook: str, lane: int) -> None:
    """Send what a lane of a webhook has, as long as a turn lasts."""
    end = time.monotonic() + TURN
    while send_next(webhook, lane) and time.monotonic() < end:
        pass
    dispatch(pk=webhook)


def send_next(webhook: str, lane: int) -> bool:
    """Send the next message of a lane; tell whether there was one, and it was the lane's turn."""
    rows = WebhookDelivery.objects.filter(webhook=UUID(webhook), lane=lane).due()
    found = rows.select_related("webhook__user").first()
    if found is None or not backoff.take_turn(found.webhook):
        return False
    if rights.readable([found], found.webhook.user, rights.heard(found.webhook)):
        deliveries.deliver(found)
    else:
        deliveries.withhold(found)
        backoff.give_back(found.webhook)
    return True


def dispatch(**of: Any) -> None:
    """Enqueue a job for each lane that has something to send, and no job that is still to begin."""
    due = WebhookDelivery.objects.due().filter(webhook=OuterRef("pk"))
    lanes = {f"lane{number}": Exists(due.filter(lane=number)) for number in range(LANES)}
    rows = Webhook.objects.sending().filter(**of).annotate(**lanes).values_list("pk", *lanes)
    found = [(webhook, number) for webhook, *is_due in rows for number in range(LANES) if is_due[number]]
    locks = {f"webhook:{webhook}:{lane}": (webhook, lane) for webhook, lane in found}
    if not locks:
        return
    known = ProcrastinateJob.objects.filter(queue_name=QUEUE, status="todo", lock__in=list(locks))
    for lock in locks.keys() - set(known.values_list("lock", flat=True)):
        webhook, lane = locks[lock]
        send.configure(lock=lock).defer(webhook=str(webhook), lane=lane)


def lane_of(key: UUID) -> int:
    """Return the lane of a record, or of a message about none."""
    return key.int % LANES
