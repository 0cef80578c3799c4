"""Background work that keeps the database small: what has expired goes, every hour."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone
from procrastinate.contrib.django import app

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

KEEP_JOBS_HOURS: Final = 7 * 24
KEEP_SIGN_INS: Final = timedelta(days=90)


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="tidy_up")
def tidy_up(timestamp: int) -> None:
    """Run every step; a step that fails is reported and does not keep the others from running."""
    for step in STEPS:
        try:
            step()
        except Exception:
            logger.exception("Housekeeping failed: %s", step.__name__)


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="remove_old_jobs")
async def remove_old_jobs(timestamp: int) -> None:
    """Delete jobs that ended more than a week ago, however they ended."""
    await app.job_manager.delete_old_jobs(
        nb_hours=KEEP_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


def remove_tokens() -> None:
    """Delete expired tokens and grants of OAuth."""
    from oauth2_provider.models import clear_expired

    from crm.models import DeviceGrant

    clear_expired()  # type: ignore[no-untyped-call]
    DeviceGrant.objects.filter(expires__lt=timezone.now()).delete()


def remove_sessions() -> None:
    """Delete expired sessions of the staff site."""
    from django.contrib.sessions.models import Session

    Session.objects.filter(expire_date__lt=timezone.now()).delete()


def remove_sign_ins() -> None:
    """Delete failed sign-ins that no longer count, and the old log of all sign-ins."""
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog

    earliest = timezone.now() - KEEP_SIGN_INS
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(attempt_time__lt=earliest).delete()


def remove_counts() -> None:
    """Delete what was counted for rate limits of minutes long gone."""
    from crm.auth.limits import forget_old_counts

    forget_old_counts()


def remove_changes() -> None:
    """Delete what the change feed need no longer keep."""
    from crm.changes.retention import prune

    prune()


def remove_answers() -> None:
    """Delete answers that are no longer replayed."""
    from crm.api.idempotency import forget_old_keys

    forget_old_keys()


def remove_deliveries() -> None:
    """Delete the log of webhook messages that have come to an end."""
    from crm.models import WebhookDelivery

    earliest = timezone.now() - timedelta(days=settings.WEBHOOK_DAYS)
    ended = WebhookDelivery.objects.exclude(status=WebhookDelivery.Status.WAITING)
    ended.filter(created_at__lt=earliest).delete()


def remove_imports() -> None:
    """Delete files that were uploaded, and what became of them; the records stay, and whatever is being imported."""
    from crm.models import Import

    ended = Import.objects.exclude(status__in=(Import.Status.WAITING, Import.Status.RUNNING))
    ended.filter(created_at__lt=timezone.now() - timedelta(days=settings.IMPORT_DAYS)).delete()


def remove_merged() -> None:
    """Delete what merged records held, once a merge can no longer be undone; which id stands for which stays."""
    from crm.models.merges import KEPT, Merge

    Merge.objects.filter(at__lt=timezone.now() - KEPT, before__isnull=False).update(before=None)


STEPS: list[Callable[[], None]] = [
    remove_tokens,
    remove_sessions,
    remove_sign_ins,
    remove_counts,
    remove_changes,
    remove_answers,
    remove_deliveries,
    remove_imports,
    remove_merged,
]
