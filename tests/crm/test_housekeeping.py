from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from crm import housekeeping
from crm.models import Webhook, WebhookDelivery
from tests.samples import make
from tests.worker import do_all, no_jobs

if TYPE_CHECKING:
    from crm.models import User

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


def test_expired_sessions_go_and_others_stay() -> None:
    now = timezone.now()
    for key, hours in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(hours=hours))
    housekeeping.tidy_up.configure().defer(timestamp=0)
    do_all()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


def test_sign_ins_are_kept_for_90_days() -> None:
    for name, days in (("old", 91), ("new", 89)):
        AccessLog.objects.create(username=name)
        moment = timezone.now() - timedelta(days=days)
        AccessLog.objects.filter(username=name).update(attempt_time=moment)
    housekeeping.remove_sign_ins()
    assert list(AccessLog.objects.values_list("username", flat=True)) == ["new"]


def test_jobs_are_kept_for_a_week() -> None:
    old = housekeeping.tidy_up.configure().defer(timestamp=0)
    new = housekeeping.tidy_up.configure(queueing_lock="other").defer(timestamp=1)
    do_all()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '8 days' WHERE job_id = %s", [old])
        housekeeping.remove_old_jobs.configure().defer(timestamp=0)
        do_all()
        cursor.execute("SELECT id FROM procrastinate_jobs WHERE id IN (%s, %s)", [old, new])
        assert cursor.fetchall() == [(new,)]


@pytest.mark.parametrize(("days", "kept"), [(29, {"waiting", "delivered", "failed", "withheld"}), (31, {"waiting"})])
def test_messages_that_wait_are_never_deleted_and_what_ended_after_30_days(
    integration: User, days: int, kept: set[str]
) -> None:
    webhook = make(Webhook, user=integration, url="https://example.com", secret=b"secret")
    at = timezone.now() - timedelta(days=days)
    for status in WebhookDelivery.Status.values:
        make(WebhookDelivery, webhook=webhook, event="webhook.test", body={}, status=status, created_at=at)
    housekeeping.remove_deliveries()
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == kept
    assert Webhook.objects.exists()


def test_the_days_that_messages_are_kept_are_a_setting(integration: User, settings: Any) -> None:
    settings.WEBHOOK_DAYS = 3
    webhook = make(Webhook, user=integration, url="https://example.com", secret=b"secret")
    for days in (2, 4):
        at = timezone.now() - timedelta(days=days)
        make(WebhookDelivery, webhook=webhook, event=f"{days}", body={}, status="delivered", created_at=at)
    housekeeping.remove_deliveries()
    assert list(WebhookDelivery.objects.values_list("event", flat=True)) == ["2"]


def test_a_step_that_fails_does_not_keep_the_others_from_running(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(housekeeping, "STEPS", [fail, lambda: ran.append("second")])
    housekeeping.tidy_up(timestamp=0)
    assert ran == ["second"]
    assert caplog.messages == ["Housekeeping failed: fail"]


def test_everything_that_removes_is_a_step() -> None:
    removing = {name for name in vars(housekeeping) if name.startswith("remove_")} - {"remove_old_jobs"}
    assert {step.__name__ for step in housekeeping.STEPS} == removing
