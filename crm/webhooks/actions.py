"""What can be done to webhooks: through the API and on the screens alike."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.auth import audit
from crm.changes.feed import State
from crm.models import Change, Webhook, WebhookDelivery
from crm.refused import Refused
from crm.webhooks import feeding
from crm.webhooks.lanes import dispatch, lane_of
from crm.webhooks.signatures import is_secret_of, new_secret, sealed

if TYPE_CHECKING:
    from datetime import datetime

    from crm.models import User
    from crm.webhooks.rights import Caller

BOTH_COUNT: Final = timedelta(hours=24)
RESUMED: Final = (
    *("paused_at", "pause_reason", "failures", "retry_at", "updated_at"),
    *("scopes", "token_family", "ended_at"),
)
TARGET: Final = ("previous_secret", "previous_until", "retry_at", "failures", "credit")
STANDING: Final = ("status", "attempts", "first_attempt_at", "next_attempt_at", "delivered_at")


class SecretNeeded(Refused):
    """Another address is named without the secret, or with another than the present one."""

    text = _("Show the present secret with a new address; if it is lost, renew it first.")


class Ended(Refused):
    """The webhook ended with the sign-in or consent that it stood on, and somebody else wants to take it up."""

    text = _("Only the application that made it can resume it, for the same person, once it is signed in again.")


@transaction.atomic
def subscribe(*, caller: Caller, **fields: Any) -> tuple[Webhook, str]:
    """Make a webhook that hears of changes from now on, and return it with its secret, which is shown once."""
    secret, now = new_secret(), State.now().horizon
    webhook = Webhook.objects.create(
        user=caller.user,
        application=caller.application,
        token_family=caller.token_family,
        scopes=sorted(caller.scopes),
        secret=sealed(secret),
        transaction=now.transaction,
        sequence=now.sequence,
        **fields,
    )
    audit.record("webhook_made", user=caller.user.pk, webhook=webhook.pk)
    return webhook, secret


@transaction.atomic
def change(*, webhook: Webhook, caller: Caller, secret: str | None = None, **fields: Any) -> None:
    """Change what a webhook hears of, or where it sends that, for which the present secret is to be shown.

    SecretNeeded is raised without it. A new receiver begins anew: no failure of the old one counts, and no message to
    it is signed with a secret from before.
    """
    has_moved = fields.get("url", webhook.url) != webhook.url
    if (has_moved or secret is not None) and not is_secret_of(webhook, secret or ""):
        raise SecretNeeded
    if has_moved:
        webhook.previous_secret = webhook.previous_until = webhook.retry_at = None
        webhook.failures = webhook.credit = 0
        audit.record("webhook_target_changed", user=caller.user.pk, webhook=webhook.pk)
    if "resources" in fields and caller.application is not None:
        webhook.scopes = sorted(caller.scopes)
    for name, value in fields.items():
        setattr(webhook, name, value)
    changed = {*fields, *TARGET} if has_moved else set(fields)
    webhook.save(update_fields={*changed, "scopes", "updated_at"})


@transaction.atomic
def rotate_secret(*, webhook: Webhook, by: User) -> str:
    """Return a new secret; for a day, messages are signed with the old one too."""
    secret = new_secret()
    webhook.previous_secret, webhook.previous_until = webhook.secret, timezone.now() + BOTH_COUNT
    webhook.secret = sealed(secret)
    webhook.save(update_fields=["secret", "previous_secret", "previous_until", "updated_at"])
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
def resume(*, webhook: Webhook, caller: Caller) -> None:
    """Send again, first what has been waiting.

    One that ended is taken up by its own application and person only, under the sign-in in hand and with its scopes;
    Ended is raised for others.
    """
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)  # it may have ended since it was read
    if webhook.ended_at is not None:
        if caller.application is None or not caller.owns(webhook):
            raise Ended
        webhook.scopes, webhook.token_family, webhook.ended_at = sorted(caller.scopes), caller.token_family, None
    webhook.paused_at, webhook.pause_reason, webhook.failures, webhook.retry_at = None, "", 0, None
    webhook.save(update_fields=RESUMED)
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
