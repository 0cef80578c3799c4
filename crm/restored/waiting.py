"""What waits to be sent: counted, and discarded where whoever it was for has got it from the original already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.changes.feed import State
from crm.models import Task, Webhook, WebhookDelivery
from crm.tasks.reminders import send_reminder
from crm.webhooks.feeding import count_ahead

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Waiting:
    """One kind of what is sent: its name, how much of it waits, and how that is discarded."""

    name: Any
    count: Callable[[], int]
    discard: Callable[[], None]


_kinds: list[Waiting] = []


def register(kind: Waiting) -> None:
    """Let a kind be counted and discarded; applications do so in `AppConfig.ready`."""
    _kinds.append(kind)


def counts() -> dict[str, int]:
    """Return how much waits, by the name of its kind."""
    return {str(kind.name): kind.count() for kind in _kinds}


@transaction.atomic
def discard_all() -> dict[str, int]:
    """Discard whatever waits, and return how much that was, by the name of its kind."""
    found = counts()
    for kind in _kinds:
        kind.discard()
    return found


def deliveries() -> Any:
    """Return the messages for webhooks that wait."""
    return WebhookDelivery.objects.filter(status=WebhookDelivery.Status.WAITING)


def discard_deliveries() -> None:
    """Let webhooks hear only of what changes from now on."""
    deliveries().update(status=WebhookDelivery.Status.FAILED, next_attempt_at=None)
    now = State.now().horizon
    Webhook.objects.update(transaction=now.transaction, sequence=now.sequence)


def reminders() -> Any:
    """Return the tasks whose reminder has come and was not given."""
    return Task.objects.to_remind_of(timezone.now())


def reminder_jobs() -> Any:
    """Return the jobs that send a reminder that was given."""
    return ProcrastinateJob.objects.filter(task_name=send_reminder.name, status__in=["todo", "doing"])


def discard_reminders() -> None:
    """Take reminders that have come as given."""
    reminders().update(reminded_at=F("remind_at"))
    jobs: Any = reminder_jobs()
    jobs._raw_delete(jobs.db)


KIT: Final = (
    Waiting(_("messages for webhooks"), lambda: deliveries().count() + count_ahead(), discard_deliveries),
    Waiting(_("reminders"), lambda: reminders().count() + reminder_jobs().count(), discard_reminders),
)
