"""How long a webhook waits whose receiver does not answer, so that it keeps nobody busy."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from crm.models import Webhook

if TYPE_CHECKING:
    from crm.webhooks.targets import Answer

LONGEST_WAIT: Final = 300  # seconds, after which a receiver is asked whether it is back
MOST_CREDIT: Final = 10  # failures, answered at once, of a receiver that took what came before
LONGEST_TURN: Final = 60  # seconds, after which a turn counts as lost, with the worker that took it
ASKING_TO_WAIT: Final = {429, 503}
A_DAY: Final = 24 * 3600


def take_turn(webhook: Webhook) -> bool:
    """Tell whether to send to a webhook now; after a failure, one of its lanes tries while the others wait."""
    rows = Webhook.objects.sending().filter(pk=webhook.pk, failures=webhook.failures)
    if webhook.failures:
        return bool(rows.update(retry_at=timezone.now() + timedelta(seconds=LONGEST_TURN)))
    return rows.exists()


def give_back(webhook: Webhook) -> None:
    """Let the next lane take the turn of one that had nothing to send."""
    Webhook.objects.filter(pk=webhook.pk, failures__gt=0).update(retry_at=timezone.now())


def arrived(webhook: Webhook) -> None:
    """Let all lanes of a webhook send again; each message that arrives makes up for one that fails at once."""
    rows = Webhook.objects.filter(Q(failures__gt=0) | Q(credit__lt=MOST_CREDIT), pk=webhook.pk)
    rows.update(failures=0, retry_at=None, credit=Least(F("credit") + 1, MOST_CREDIT))


def failed(webhook: Webhook, answer: Answer | None, seconds: float) -> None:
    """Hold up a webhook, the longer the more messages failed in a row; those that failed at once count as one.

    What took messages until now and fails once in a while is not held up: a failure is paid for by what arrived, and
    costs the more the longer it took, so that a receiver that hangs is left alone at once.
    """
    cost, wait = 1 + int(seconds), asked(answer)
    if not wait and spend(webhook, cost):
        return
    known = Webhook.objects.filter(pk=webhook.pk, failures=webhook.failures)
    known.update(
        failures=min(webhook.failures + 1, len(settings.WEBHOOK_RETRIES)),
        retry_at=timezone.now() + timedelta(seconds=max(min(scheduled(webhook.failures), LONGEST_WAIT), wait)),
        credit=0,
    )


def spend(webhook: Webhook, cost: int) -> bool:
    """Take what a failure costs from what arrived; tell whether there was as much."""
    rows = Webhook.objects.filter(pk=webhook.pk, failures=0, credit__gte=cost)
    return bool(rows.update(credit=F("credit") - cost))


def scheduled(failures: int) -> float:
    """Return the seconds to wait after so many failures before this one, a little more by chance."""
    steps = settings.WEBHOOK_RETRIES
    seconds = int(steps[min(failures, len(steps) - 1)]) if steps else LONGEST_WAIT
    return seconds * random.uniform(1, 1.1)  # noqa: S311 -- spreads load


def asked(answer: Answer | None) -> int:
    """Return for how many seconds a receiver asks to be left alone, a day at most."""
    if answer is None or answer.status not in ASKING_TO_WAIT:
        return 0
    said = {name.lower(): value for name, value in answer.headers.items()}.get("retry-after", "")
    return min(int(said[:9]), A_DAY) if said.isdecimal() else 0
