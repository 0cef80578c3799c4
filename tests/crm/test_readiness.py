"""What `/readyz` tells of the parts, and that it always answers in time."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from crm import bounded, health, jobs
from crm.lag import lag
from crm.models import Attachment, Change
from tests.crm.test_health import beat, job
from tests.crm.test_outages import connected, options, plain
from tests.samples import make
from tests.waiting import wait_until
from tests.worker import no_jobs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
TAKEN = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT max(id) FROM procrastinate_workers)"


@pytest.fixture(autouse=True)
def living_worker(no_jobs: None, settings: Any, tmp_path: Path) -> None:
    """Begin with a worker, without jobs, and with a folder for files."""
    beat(0)
    keep_in(settings, tmp_path)


def keep_in(settings: Any, folder: Path) -> None:
    store = {**settings.STORAGES["attachments"], "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "attachments": store}


def ready(query: str = "") -> tuple[int, dict[str, Any]]:
    answer = Client().get(f"/readyz{query}")
    return answer.status_code, answer.json()


def failing() -> set[str]:
    return {part for part, state in ready()[1].items() if state == "failing"} - {"status"}


def age(minutes: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - %s * interval '1 minute'", [minutes])


def test_a_standby_is_told() -> None:
    with connected(**options(default_transaction_read_only=1)):
        assert ready()[0] == 503
        assert failing() == {"writable"}


@pytest.mark.parametrize(("minutes", "stuck"), [(9, 0), (11, 1)])
def test_a_job_that_waits_too_long_is_stuck(minutes: int, stuck: int) -> None:
    job("todo", -minutes * 60)
    assert (jobs.counts()["stuck"], ready()[0]) == (stuck, 503 if stuck else 200)
    assert ready("?except=worker")[0] == 200


@pytest.mark.parametrize(("minutes", "stuck"), [(9, 0), (11, 1)])
def test_a_job_without_a_time_is_stuck_by_when_it_was_queued(minutes: int, stuck: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'crm.test')")
    age(minutes)
    assert jobs.counts()["stuck"] == stuck


@pytest.mark.parametrize(("worker_minutes", "job_minutes", "stuck"), [(0, 60, 0), (11, 11, 1), (11, 9, 0), (9, 60, 0)])
def test_a_running_job_is_stuck_where_its_worker_is_gone(worker_minutes: int, job_minutes: int, stuck: int) -> None:
    beat(worker_minutes * 60)
    job("todo", 0)
    with connection.cursor() as cursor:
        cursor.execute(TAKEN)
    age(job_minutes)
    assert jobs.counts()["stuck"] == stuck


def test_what_waits_behind_all_is_not_stuck() -> None:
    job("todo", -3600)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET priority = -1")
    assert jobs.counts()["stuck"] == 0


def test_a_missing_folder_of_attachments_is_told_once_it_had_any(settings: Any, tmp_path: Path) -> None:
    keep_in(settings, tmp_path / "not" / "there")
    assert failing() == set()
    make(Attachment)
    assert (ready()[0], failing()) == (503, {"attachments"})
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize("kind", ["a file", "proc"])
def test_a_folder_that_takes_no_file_is_told(settings: Any, tmp_path: Path, kind: str) -> None:
    (tmp_path / "a file").touch()
    keep_in(settings, tmp_path / "a file" if kind == "a file" else type(tmp_path)("/proc"))
    assert failing() == {"attachments"}
    assert ready("?except=attachments")[0] == 200


def test_a_bucket_that_cannot_be_reached_is_told(settings: Any) -> None:
    known = {"bucket_name": "files", "endpoint_url": "http://127.0.0.1:1", "access_key": "k", "secret_key": "s"}
    store = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {**known, "region_name": "us-east-1"}}
    settings.STORAGES = {**settings.STORAGES, "attachments": store}
    began = time.monotonic()
    assert failing() == {"attachments"}
    assert time.monotonic() - began < 2 * bounded.SECONDS


def test_a_check_that_hangs_is_given_up_and_not_asked_again_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, asked = Event(), []

    def hang() -> bool:
        asked.append(1)
        return goes_on.wait(30)

    monkeypatch.setattr(health, "is_usable", hang)
    began = time.monotonic()
    assert (failing(), failing(), len(asked)) == ({"attachments"}, {"attachments"}, 1)
    assert bounded.SECONDS <= time.monotonic() - began < 2 * bounded.SECONDS
    goes_on.set()
    while bounded._hanging:
        time.sleep(0.01)
    assert failing() == set()


def test_a_database_that_hangs_is_told_in_time_and_asked_with_another_connection() -> None:
    with connection.cursor() as cursor, pytest.raises(bounded.TooLate):
        bounded.within("slow", lambda: cursor.execute("SELECT pg_sleep(2)"), 0.2)
    assert (ready()[0], failing()) == (200, set())
    while bounded._hanging:
        time.sleep(0.01)


def test_an_open_transaction_that_has_written_holds_the_feed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.lag.STALLED", 0.3)
    wait_until(lambda: not lag().is_stalled)  # other tests write beside this one
    with psycopg.connect(**plain()) as other:
        other.execute("UPDATE customers_customer SET name = name")
        other.execute("SELECT pg_current_xact_id()")
        time.sleep(0.5)
        status, states = ready()
        assert (status, states["status"], states["feed"]) == (200, "warning", "warning")
        assert 0.5 <= lag().oldest_transaction_seconds < 60
    wait_until(lambda: ready()[1]["feed"] == "ok")


def test_the_lag_is_the_age_of_the_oldest_change_that_is_not_seen() -> None:
    with psycopg.connect(**plain()) as other:
        other.execute("SELECT pg_current_xact_id()")
        make(Attachment)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE crm_change SET at = now() - interval '10 minutes'")
        assert Change.objects.exists()
        assert 600 <= lag().feed_lag_seconds < 660
    wait_until(lambda: lag().feed_lag_seconds == 0)  # other tests write beside this one


def test_figures_of_the_feed_are_for_prometheus_too() -> None:
    text = Client().get("/metrics").content.decode()
    for line in ("crm_feed_lag_seconds 0.0", "crm_oldest_prepared_transaction_seconds 0.0"):
        assert line in text
    assert "crm_prepared_transactions 0.0" in text
    assert 'crm_jobs{state="stuck"} 0.0' in text
