"""What housekeeping removes, to the day, and what it never does: whatever somebody still waits for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken
from procrastinate.contrib.django.models import ProcrastinateJob

from crm import housekeeping
from crm.auth.limits import SECOND, WINDOW
from crm.models import Application, DeviceGrant, Grant, IdempotencyKey, Import, Merge, Webhook, WebhookDelivery, new_id
from tests.samples import make
from tests.worker import do_all, no_jobs

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db
AGED_JOB = """INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)
    VALUES ('default', 'crm.test', 'todo', now() + interval '1 year') RETURNING id"""


def ago(**parts: float) -> Any:
    return timezone.now() - timedelta(**parts)


@pytest.mark.parametrize(
    ("status", "days", "stays"),
    [
        ("waiting", 29, True),
        ("waiting", 31, True),
        ("waiting", 999, True),
        ("delivered", 29, True),
        ("delivered", 31, False),
        ("failed", 29, True),
        ("failed", 31, False),
    ],
)
def test_only_deliveries_that_ended_go(settings: Settings, status: str, days: int, *, stays: bool) -> None:
    settings.WEBHOOK_DAYS = 30
    webhook = make(Webhook, secret=b"sealed")
    make(WebhookDelivery, webhook=webhook, status=status, created_at=ago(days=days))
    housekeeping.remove_deliveries()
    assert WebhookDelivery.objects.exists() is stays


@pytest.mark.parametrize(
    ("status", "days", "stays"),
    [
        ("waiting", 999, True),
        ("running", 31, True),
        ("draft", 29, True),
        *[(status, 31, False) for status in ("draft", "done", "failed", "cancelled")],
        ("done", 29, True),
    ],
)
def test_only_imports_that_nobody_is_at_go(settings: Settings, status: str, days: int, *, stays: bool) -> None:
    settings.IMPORT_DAYS = 30
    Import.objects.filter(pk=make(Import).pk).update(status=status, created_at=ago(days=days))
    housekeeping.remove_imports()
    assert Import.objects.exists() is stays


@pytest.mark.parametrize(("seconds", "stays"), [(-5, False), (60, True)])
@pytest.mark.parametrize("status", [DeviceGrant.AUTHORIZATION_PENDING, DeviceGrant.AUTHORIZED])
def test_device_grants_stay_as_long_as_they_live(status: str, seconds: int, *, stays: bool) -> None:
    given = {"device_code": "a", "user_code": "b", "status": status, "interval": 5, "client_id": "c"}
    DeviceGrant.objects.create(expires=timezone.now() + timedelta(seconds=seconds), **given)
    housekeeping.remove_tokens()
    assert DeviceGrant.objects.exists() is stays


@pytest.mark.parametrize(("seconds", "stays"), [(-5, False), (60, True)])
def test_codes_and_tokens_stay_as_long_as_they_live(make_user: Any, seconds: int, *, stays: bool) -> None:
    expires = timezone.now() + timedelta(seconds=seconds)
    given = {"user": make_user(), "application": make(Application), "expires": expires}
    AccessToken.objects.create(token="a", **given)
    Grant.objects.create(code="b", redirect_uri="https://example.com", **given)
    housekeeping.remove_tokens()
    assert AccessToken.objects.exists() is stays
    assert Grant.objects.exists() is stays


def test_a_refresh_token_outlives_its_access_token(make_user: Any) -> None:
    given = {"user": make_user(), "application": make(Application)}
    access = AccessToken.objects.create(token="a", expires=ago(seconds=5), **given)
    RefreshToken.objects.create(token="b", access_token=access, **given)
    housekeeping.remove_tokens()
    assert RefreshToken.objects.filter(revoked=None).count() == 1


@pytest.mark.parametrize(("seconds", "stays"), [(-5, False), (60, True)])
def test_sessions_stay_as_long_as_they_live(seconds: int, *, stays: bool) -> None:
    Session.objects.create(session_key="a", session_data="", expire_date=timezone.now() + timedelta(seconds=seconds))
    housekeeping.remove_sessions()
    assert Session.objects.exists() is stays


@pytest.mark.parametrize("model", [AccessAttempt, AccessFailureLog, AccessLog])
@pytest.mark.parametrize(("days", "stays"), [(89, True), (91, False)])
def test_every_log_of_sign_ins_is_kept_for_90_days(model: Any, days: int, *, stays: bool) -> None:
    counted = {"failures_since_start": 1} if model is AccessAttempt else {}
    made = model.objects.create(username="ada", ip_address="192.0.2.1", **counted)
    model.objects.filter(pk=made.pk).update(attempt_time=ago(days=days))
    housekeeping.remove_sign_ins()
    assert model.objects.exists() is stays


@pytest.mark.parametrize(("minutes", "stays"), [(0, True), (9, True), (11, False)])
def test_requests_are_counted_for_ten_minutes(minutes: int, *, stays: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_rate_counter")
        insert = f"INSERT INTO crm_rate_counter (key, minute, hits) VALUES ('a', {SECOND} / {WINDOW} - %s, 1)"  # noqa: S608
        cursor.execute(insert, [minutes])
        housekeeping.remove_counts()
        cursor.execute("SELECT count(*) FROM crm_rate_counter")
        assert cursor.fetchone()[0] == int(stays)


@pytest.mark.parametrize(("hours", "stays"), [(23, True), (25, False)])
def test_answers_are_replayed_for_a_day(settings: Settings, hours: int, *, stays: bool) -> None:
    settings.IDEMPOTENCY_HOURS = 24
    IdempotencyKey.objects.filter(pk=make(IdempotencyKey, body=b"sealed").pk).update(created_at=ago(hours=hours))
    housekeeping.remove_answers()
    assert IdempotencyKey.objects.exists() is stays


@pytest.mark.parametrize(("days", "stays"), [(29, True), (31, False)])
def test_what_a_merge_was_made_of_is_kept_for_30_days_and_which_id_stands_for_which_for_good(
    make_user: Any, days: int, *, stays: bool
) -> None:
    made = [Merge(model="customers.customer", winner=new_id(), loser=new_id(), by=make_user()) for _number in "12"]
    made[0].at, made[0].before, made[1].before = ago(days=days), {"name": "Ada"}, {"name": "Eve"}
    Merge.objects.bulk_create(made)
    housekeeping.remove_merged()
    assert dict(Merge.objects.values_list("loser", "before")) == {
        made[0].loser: {"name": "Ada"} if stays else None,
        made[1].loser: {"name": "Eve"},
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "stays"),
    [("todo", True), ("doing", True), *[(one, False) for one in ("succeeded", "failed", "aborted", "cancelled")]],
)
def test_only_jobs_that_ended_go_however_old(no_jobs: None, status: str, *, stays: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(AGED_JOB)
        (pk,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [status, pk])
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '8 days'")
    housekeeping.remove_old_jobs.configure().defer(timestamp=0)
    do_all()
    assert ProcrastinateJob.objects.filter(pk=pk).exists() is stays
