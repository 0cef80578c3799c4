"""Delivering a message: one try, what came of it, and when to try again; for three days."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import WebhookAttempt, WebhookDelivery
from crm.webhooks import backoff, signatures
from crm.webhooks.targets import Answer, Unsendable, send

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEPT: Final = 10_000
GONE: Final = 410
logger = logging.getLogger(__name__)


def deliver(delivery: WebhookDelivery) -> None:
    """Send a message once. Whatever goes wrong is a failed attempt, and there will be another."""
    delivery.attempts += 1
    delivery.first_attempt_at = delivery.first_attempt_at or timezone.now()
    began = time.monotonic()
    try:
        answer, error = attempt(delivery)
    except Exception:
        logger.exception("What became of message %s cannot be kept", delivery.pk)
        answer, error = None, ours()
    if answer is not None and 200 <= answer.status < 300:  # noqa: PLR2004 -- success, RFC 9110, section 15.3
        keep(delivery, status=delivery.Status.DELIVERED, delivered_at=timezone.now(), next_attempt_at=None)
        backoff.arrived(delivery.webhook)
    else:
        judge_failure(delivery, answer, error, time.monotonic() - began)


def withhold(delivery: WebhookDelivery) -> None:
    """Send a message no more, for whom the webhook belongs to no longer sees what it tells of."""
    keep(delivery, status=delivery.Status.WITHHELD, next_attempt_at=None)


def attempt(delivery: WebhookDelivery) -> tuple[Answer | None, str]:
    """Send a message, and keep what was sent and what came back."""
    headers: dict[str, str] = {}
    began, answer, error = time.perf_counter(), None, ""
    try:
        body = orjson.dumps(delivery.body)
        signed = signatures.headers(delivery.webhook, delivery.message, int(time.time()), body)
        headers = {**signed, "Content-Type": "application/json", "User-Agent": "CRM-Webhooks/1"}
        answer = send(delivery.webhook.url, body, headers)
    except Unsendable as reason:
        error = str(reason)
    except Exception:
        logger.exception("Sending message %s failed", delivery.pk)
        error = ours()
    log(
        WebhookAttempt(
            delivery=delivery,
            milliseconds=int((time.perf_counter() - began) * 1000),
            status=answer.status if answer else None,
            error=without_nul(error[:300]),
            request_headers=headers,
            response_headers=kept_headers(answer.headers) if answer else {},
            response_body=readable(answer.body) if answer else "",
        )
    )
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


def ours() -> str:
    """Return what people read of a failure that is not the receiver's."""
    return _("Something went wrong here; the error is on record.")


def keep(delivery: WebhookDelivery, **said: Any) -> None:
    """Write how a message stands; one that was deleted meanwhile stays so."""
    said |= {"attempts": delivery.attempts, "first_attempt_at": delivery.first_attempt_at}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**said)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer as the log keeps them."""
    return {without_nul(name): without_nul(value[:500]) for name, value in headers.items()}


def readable(body: bytes) -> str:
    """Return an answer's body as the log keeps it."""
    return without_nul(body[:MOST_KEPT].decode("utf-8", "replace"))


def without_nul(text: str) -> str:
    """Return a text that the database can keep."""
    return text.replace("\x00", "\ufffd")


def judge_failure(delivery: WebhookDelivery, answer: Answer | None, error: str, seconds: float) -> None:
    """Try again later, or give the message up; pause a webhook that is gone, or to which nothing came through."""
    from crm.webhooks.actions import pause

    webhook = delivery.webhook
    if answer is not None and answer.status == GONE:
        keep(delivery)
        pause(webhook=webhook, reason="410 Gone")
        return
    backoff.failed(webhook, answer, seconds)
    if delivery.attempts <= len(settings.WEBHOOK_RETRIES):
        wait = max(backoff.scheduled(delivery.attempts - 1), backoff.asked(answer))
        later = timezone.now() + timedelta(seconds=wait)
        keep(delivery, next_attempt_at=later)
        WebhookDelivery.objects.behind(delivery).update(next_attempt_at=later)  # not looked at in vain until then
        return
    keep(delivery, status=delivery.Status.FAILED, next_attempt_at=None)
    if not webhook.deliveries.filter(delivered_at__gte=delivery.first_attempt_at).exists():
        pause(webhook=webhook, reason=without_nul(error) or f"{answer.status if answer else ''}")
