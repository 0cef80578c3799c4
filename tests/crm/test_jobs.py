"""Rules of background work: what runs again and when, and what the worker looks after every second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg import errors

from crm import beats, jobs
from crm.database import outages
from tests.crm.test_lost_jobs import job
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

NOW: Any = None  # a job, of which the strategy asks nothing
STATUSES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborted")


@pytest.fixture
def no_beats(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Return the list of beats, which is empty."""
    monkeypatch.setattr(beats, "_beats", [])
    return beats._beats


@pytest.mark.parametrize(("seconds", "milliseconds"), [(1, 1000), (0.25, 250), (3600, 3_600_000)])
def test_a_job_runs_again_when_it_says_so(seconds: float, milliseconds: int) -> None:
    decision = jobs.WhenToldTo().get_retry_decision(exception=jobs.Again(seconds), job=NOW)
    before, after = timezone.now(), decision.retry_at if decision else None
    assert after is not None
    assert abs((after - before).total_seconds() * 1000 - milliseconds) < 100


@pytest.mark.parametrize("error", [ValueError("again"), OperationalError("again"), RuntimeError()])
def test_any_other_failure_is_a_failure(error: Exception) -> None:
    assert jobs.WhenToldTo().get_retry_decision(exception=error, job=NOW) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", STATUSES)
def test_only_what_failed_can_run_again(status: str) -> None:
    pk = job("crm.test", status=status)
    assert jobs.run_again(ProcrastinateJob.objects.get(pk=pk)) is (status == "failed")
    assert ProcrastinateJob.objects.get(pk=pk).status == ("todo" if status == "failed" else status)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", STATUSES)
def test_only_what_waits_can_be_cancelled(status: str) -> None:
    pk = job("crm.test", status=status)
    assert jobs.cancel(ProcrastinateJob.objects.get(pk=pk)) is (status == "todo")
    assert ProcrastinateJob.objects.get(pk=pk).status == ("cancelled" if status == "todo" else status)


def test_every_beat_comes_again_whatever_another_does(
    no_beats: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beats, "PAUSE", 0.01)
    came: list[str] = []

    def fail() -> None:
        came.append("failing")
        raise RuntimeError

    for beat in (fail, lambda: came.append("other")):
        beats.register(beat)
    stopped = beats.keep_beating(may=lambda: True)
    wait_until(lambda: came.count("other") >= 3, 10)
    stopped.set()
    assert came.count("failing") >= 3


@pytest.mark.django_db(transaction=True)
def test_a_beat_that_failed_begins_anew_with_another_connection(caplog: pytest.LogCaptureFixture) -> None:
    connection.ensure_connection()

    def fail() -> None:
        raise RuntimeError("no")

    beats.attempt(fail)
    assert connection.connection is None
    assert (caplog.records[-1].levelname, caplog.records[-1].getMessage()) == ("ERROR", f"{__name__} failed")


@pytest.mark.parametrize(
    ("error", "is_outage", "is_passing"),
    [
        (errors.DiskFull(), True, True),
        (errors.TooManyConnections(), True, True),
        (errors.AdminShutdown(), True, True),
        (errors.CannotConnectNow(), True, True),
        (errors.ConnectionFailure(), True, True),
        (errors.ReadOnlySqlTransaction(), True, True),
        (errors.IdleInTransactionSessionTimeout(), True, True),
        (errors.LockNotAvailable(), False, True),
        (errors.DeadlockDetected(), False, True),
        (errors.SerializationFailure(), False, True),
        (errors.QueryCanceled(), False, False),
        (errors.ConfigurationLimitExceeded(), False, False),
        (errors.UniqueViolation(), False, False),
        (ValueError(), False, False),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else None,
)
def test_what_passes_by_itself_is_known(error: Exception, *, is_outage: bool, is_passing: bool) -> None:
    outer = OperationalError()
    outer.__cause__ = error
    assert (outages.is_outage(outer), outages.is_passing(outer)) == (is_outage, is_passing)
