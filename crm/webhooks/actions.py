"""What can be done to webhooks: through the API and on the screens alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from crm.auth import audit
from crm.changes.feed import State
from crm.models import Change, Webhook, WebhookDelivery
from crm.webhooks import feeding
from crm.webhooks.lanes import dispatch, lane_of
from crm.webhooks.signatures import new_secret, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crm.models import User

BOTH_COUNT: Final = timedelta(hours=24)
STANDING: Final = ("status", "attempts", "first_attempt_at", "next_attempt_at", "delivered_at")


@transaction.atomic
def subscribe(*, user: User, scopes: Iterable[str], **fields: Any) -> tuple[Webhook, str]:
    """Make a webhook that hears of changes from now on, and return it with its secret, which is shown once."""
    secret, now = new_secret(), State.now().horizon
    webhook = Webhook.objects.create(
        user=user,
        scopes=sorted(scopes),
        secret=sealed(secret),
        transaction=now.transaction,
        sequence=now.sequence,
        **fields,
    )
    audit.record("webhook_made", user=user.pk, webhook=webhook.pk)
    return webhook, secret


@transaction.atomic
def rotate_secret(*, webhook: Webhook, by: User) -> str:
    """Return a new secret; for a day, messages are signed with the old one too."""
    secret = new_secret()
    webhook.previous_secret, webhook.previous_until = webhook.secret, timezone.now() + BOTH_COUNT
    webhook.secret = sealed(secret)
    webhook.save()
    audit.record("webhook_secret_rotated", user=by.pk, webhook=webhook.pk)
    return secret


@transaction.atomic
def unsubscribe(*, webhook: Webhook, by: User) -> None:
    """Delete a webhook, with its log; what was still to be sent is not."""
    audit.record("webhook_deleted", user=by.pk, webhook=webhook.pk)
    webhook.delete()


def pause(*, webhook: Webhook, reason: str) -> None:
    """Send nothing any more, until it is resumed; what changes meanwhile waits."""
    Webhook.objects.filter(pk=webhook.pk, paused_at=None).update(paused_at=timezone.now(), pause_reason=reason[:200])
    webhook.refresh_from_db()


@transaction.atomic
def resume(*, webhook: Webhook) -> None:
    """Send again, first what has been waiting."""
    webhook.paused_at, webhook.pause_reason, webhook.failures, webhook.retry_at = None, "", 0, None
    webhook.save(update_fields=["paused_at", "pause_reason", "failures", "retry_at", "updated_at"])
    waiting = WebhookDelivery.objects.filter(webhook=webhook, status=WebhookDelivery.Status.WAITING)
    waiting.update(next_attempt_at=None)
    dispatch(pk=webhook.pk)


@transaction.atomic
def send_test(*, webhook: Webhook) -> WebhookDelivery:
    """Send a message that tells of no change."""
    now = timezone.now()
    body = {"type": "webhook.test", "timestamp": now.isoformat(), "data": {"webhook": str(webhook.pk)}}
    delivery = WebhookDelivery(webhook=webhook, event="webhook.test", changed_at=now, body=body)
    delivery.lane = lane_of(delivery.pk)
    delivery.save()
    send_soon(webhook=webhook)
    return delivery


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> None:
    """Send a message once more, under the id that it has."""
    delivery.status, delivery.attempts = WebhookDelivery.Status.WAITING, 0
    delivery.first_attempt_at = delivery.next_attempt_at = delivery.delivered_at = None
    delivery.save(update_fields=STANDING)  # not the body, which may have been erased meanwhile
    WebhookDelivery.objects.behind(delivery).update(next_attempt_at=None)
    send_soon(webhook=delivery.webhook)


@transaction.atomic
def replay_span(*, webhook: Webhook, start: datetime, end: datetime) -> int:
    """Send once more whatever changed in a span of time, as the feed still has it; return how many messages."""
    locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
    changes = Change.objects.settled().filter(at__gte=start, at__lt=end)
    count = feeding.deliver_changes(locked, changes)
    send_soon(webhook=locked)
    return count


def send_soon(*, webhook: Webhook) -> None:
    """Send what is due without waiting for a receiver that did not answer: somebody wants to know whether it does."""
    Webhook.objects.filter(pk=webhook.pk, failures__gt=0).update(retry_at=timezone.now())
    dispatch(pk=webhook.pk)
