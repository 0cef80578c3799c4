"""Delivering messages: jobs of the worker, one record's after the other, again and again for three days."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from crm.jobs import Again, WhenToldTo
from crm.models import WebhookAttempt, WebhookDelivery
from crm.webhooks import signatures
from crm.webhooks.targets import Answer, Unsendable, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

AT_ONCE: Final = 3  # to one webhook by one worker, so that one that hangs leaves room for others
BEHIND_ALL: Final = -1  # a flood of messages keeps nobody waiting who asked for an import or a reminder
MOST_KEPT: Final = 10_000
GONE: Final = 410
ASKING_TO_WAIT: Final = {429, 503}
A_DAY: Final = 24 * 3600
STANDING: Final = ("status", "attempts", "first_attempt_at", "next_attempt_at", "delivered_at")
_places: dict[UUID, BoundedSemaphore] = {}


@app.task(queue="webhooks", priority=BEHIND_ALL, retry=WhenToldTo(), name="crm.webhooks.deliver")
def deliver(delivery: str) -> None:
    """Send a message, unless it has arrived or its webhook is paused; raise Again where it is to be sent again."""
    found = WebhookDelivery.objects.select_related("webhook").filter(pk=delivery).first()
    if found is None or found.status != WebhookDelivery.Status.WAITING or found.webhook.paused_at:
        return
    with a_place(found.webhook_id):
        answer, error = attempt(found)
    if answer is not None and 200 <= answer.status < 300:  # noqa: PLR2004 -- success, RFC 9110, section 15.3
        found.status, found.delivered_at, found.next_attempt_at = found.Status.DELIVERED, timezone.now(), None
        note(found)
        return
    judge_failure(found, answer, error)


def enqueue(delivery: WebhookDelivery) -> None:
    """Let a message be sent, after those about the same record that came before it."""
    lock = f"webhook:{delivery.webhook_id}:{delivery.record or delivery.pk}"
    deliver.configure(lock=lock).defer(delivery=str(delivery.pk))


@contextmanager
def a_place(webhook: UUID) -> Iterator[None]:
    """Take one of the places of a webhook; raise Again where this worker sends enough to it already."""
    places = _places.setdefault(webhook, BoundedSemaphore(AT_ONCE))
    if not places.acquire(blocking=False):
        raise Again(0.2)
    try:
        yield
    finally:
        places.release()


def attempt(delivery: WebhookDelivery) -> tuple[Answer | None, str]:
    """Send a message once, and keep what was sent and what came back."""
    webhook, body = delivery.webhook, orjson.dumps(delivery.body)
    signed = signatures.headers(webhook, delivery.message, int(time.time()), body)
    headers = {**signed, "Content-Type": "application/json", "User-Agent": "CRM-Webhooks/1"}
    began, answer, error = time.perf_counter(), None, ""
    try:
        answer = send(webhook.url, body, headers)
    except Unsendable as reason:
        error = str(reason)
    log(
        WebhookAttempt(
            delivery=delivery,
            milliseconds=int((time.perf_counter() - began) * 1000),
            status=answer.status if answer else None,
            error=without_nul(error[:300]),
            request_headers=headers,
            response_headers=kept_headers(answer) if answer else {},
            response_body=readable(answer.body) if answer else "",
        )
    )
    delivery.attempts += 1
    delivery.first_attempt_at = delivery.first_attempt_at or timezone.now()
    return answer, error


@transaction.atomic
def log(attempt: WebhookAttempt) -> None:
    """Keep an attempt; of one whose message was erased while it was on its way, not what the receiver said."""
    delivery = attempt.delivery
    locked = WebhookDelivery.objects.select_for_update().filter(pk=delivery.pk).values_list("body", flat=True).first()
    if locked != delivery.body:
        attempt.response_headers, attempt.response_body = {}, ""
    if locked is not None:
        attempt.save()


def note(delivery: WebhookDelivery) -> None:
    """Write how a message stands; never its body, which may have been erased meanwhile."""
    delivery.save(update_fields=STANDING)


def kept_headers(answer: Answer) -> dict[str, str]:
    """Return an answer's headers as the log keeps them."""
    return {without_nul(name): without_nul(value[:500]) for name, value in answer.headers.items()}


def readable(body: bytes) -> str:
    """Return an answer's body as the log keeps it."""
    return without_nul(body[:MOST_KEPT].decode("utf-8", "replace"))


def without_nul(text: str) -> str:
    """Return a text that the database can keep."""
    return text.replace("\x00", "\ufffd")


def judge_failure(delivery: WebhookDelivery, answer: Answer | None, error: str) -> None:
    """Try again later, or give the message up; pause a webhook that is gone, or to which nothing came through."""
    from crm.webhooks.actions import pause

    if answer is not None and answer.status == GONE:
        note(delivery)
        pause(webhook=delivery.webhook, reason="410 Gone")
        return
    if delivery.attempts <= len(settings.WEBHOOK_RETRIES):
        seconds = delay(delivery.attempts, answer)
        delivery.next_attempt_at = timezone.now() + timedelta(seconds=seconds)
        note(delivery)
        raise Again(seconds)
    delivery.status, delivery.next_attempt_at = delivery.Status.FAILED, None
    note(delivery)
    through = delivery.webhook.deliveries.filter(delivered_at__gte=delivery.first_attempt_at)
    if not through.exists():
        pause(webhook=delivery.webhook, reason=without_nul(error) or f"{answer.status if answer else ''}")


def delay(attempts: int, answer: Answer | None) -> float:
    """Return in how many seconds to try again: by the schedule, a little later by chance, or as the receiver asks."""
    seconds = int(settings.WEBHOOK_RETRIES[attempts - 1]) * random.uniform(1, 1.1)  # noqa: S311 -- spreads load
    if answer is not None and answer.status in ASKING_TO_WAIT:
        asked = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
        if asked.isdecimal():
            seconds = max(seconds, min(int(asked[:9]), A_DAY))
    return seconds
