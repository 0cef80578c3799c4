"""What can be done to webhooks: through the API and on the screens alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from crm.auth import audit
from crm.changes.feed import State
from crm.models import Change, Webhook, WebhookDelivery
from crm.webhooks import deliveries, feeding
from crm.webhooks.signatures import new_secret, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crm.models import User

BOTH_COUNT: Final = timedelta(hours=24)


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
    webhook.paused_at, webhook.pause_reason = None, ""
    webhook.save()
    waiting = WebhookDelivery.objects.filter(webhook=webhook, status=WebhookDelivery.Status.WAITING)
    for delivery in waiting.order_by("created_at", "id"):
        deliveries.enqueue(delivery)


@transaction.atomic
def send_test(*, webhook: Webhook) -> WebhookDelivery:
    """Send a message that tells of no change."""
    now = timezone.now()
    body = {"type": "webhook.test", "timestamp": now.isoformat(), "data": {"webhook": str(webhook.pk)}}
    delivery = WebhookDelivery.objects.create(webhook=webhook, event="webhook.test", changed_at=now, body=body)
    deliveries.enqueue(delivery)
    return delivery


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> None:
    """Send a message once more, under the id that it has."""
    delivery.status, delivery.attempts = WebhookDelivery.Status.WAITING, 0
    delivery.first_attempt_at = delivery.next_attempt_at = delivery.delivered_at = None
    deliveries.note(delivery)
    deliveries.enqueue(delivery)


@transaction.atomic
def replay_span(*, webhook: Webhook, start: datetime, end: datetime) -> int:
    """Send once more whatever changed in a span of time, as the feed still has it; return how many messages."""
    locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
    changes = Change.objects.settled().filter(at__gte=start, at__lt=end)
    return feeding.deliver_changes(locked, changes)
