"""The worker's process and its database: it waits for one that is away, and says so where it ends by itself."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import MULTIPART_CONTENT
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException

from crm import housekeeping
from crm.beats import attempt
from crm.models import Change, Import
from crm.working import PatientDeferrer
from customers.models import Customer
from tests.proxy import Proxy, proxy
from tests.waiting import wait_until
from tests.worker import address, no_jobs, process, tidying

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

__all__ = ["no_jobs"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROWS = 3000
MANY = "name,email\n" + "".join(f"Person {number},p{number}@example.com\n" for number in range(ROWS))


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@contextmanager
def behind_a_proxy() -> Iterator[tuple[Proxy, subprocess.Popen[bytes]]]:
    """Run a worker whose way to the database can be cut."""
    with proxy(connection.get_connection_params()) as way:
        url = address(host="127.0.0.1", port=way.port)
        with process(DATABASE_URL=url, LOG_LEVEL="CRITICAL") as child:
            yield way, child


def ask(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def wait_for_a_worker() -> None:
    wait_until(lambda: ask("SELECT count(*) FROM procrastinate_workers") == 1, 60)


def tidy_up() -> Any:
    """Queue a job, and return what waits until it is done."""
    pk = tidying()
    return lambda: ProcrastinateJob.objects.get(pk=pk).status == "succeeded"


def test_a_worker_outlives_an_outage_and_ends_well() -> None:
    with behind_a_proxy() as (way, child):
        wait_for_a_worker()
        way.cut()
        is_done = tidy_up()
        with pytest.raises(AssertionError):
            wait_until(is_done, 3)
        way.mend()
        wait_until(is_done, 60)
        child.terminate()
        assert child.wait(60) == 0
    assert ask("SELECT count(*) FROM procrastinate_workers") == 0


def test_a_worker_that_is_stopped_while_its_database_is_away_ends() -> None:
    with behind_a_proxy() as (way, child):
        wait_for_a_worker()
        way.cut()
        child.terminate()
        assert child.wait(60) == 0


def test_a_worker_begins_as_soon_as_there_is_a_database() -> None:
    with proxy(connection.get_connection_params()) as way:
        way.cut()
        url = address(host="127.0.0.1", port=way.port)
        with process(DATABASE_URL=url, LOG_LEVEL="CRITICAL") as child:
            with pytest.raises(AssertionError):
                wait_until(lambda: child.poll() is not None, 6)
            way.mend()
            wait_until(tidy_up(), 60)


def test_a_worker_that_ends_by_itself_says_so_to_its_supervisor() -> None:
    with process(LOG_LEVEL="CRITICAL") as child:
        wait_for_a_worker()
        ask("WITH gone AS (DELETE FROM procrastinate_workers RETURNING id) SELECT count(*) FROM gone")
        tidy_up()
        assert child.wait(60) == 1


def timetable(*timestamps: int) -> None:
    """Queue a periodic job for each of these times, as the worker does."""
    task = next(one for key, one in app.periodic_registry.periodic_tasks.items() if key[0] == housekeeping.tidy_up.name)
    asyncio.run(PatientDeferrer(app.periodic_registry).defer_jobs([(task, timestamp) for timestamp in timestamps]))


def break_connections() -> None:
    ask(
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_the_timetable_outlives_each_outage() -> None:
    for timestamp in (60, 120, 180):
        ProcrastinateJob.objects.all()._raw_delete("default")
        timetable(timestamp)
        assert ask("SELECT array_agg((args->>'timestamp')::int) FROM procrastinate_jobs") == [timestamp]
        break_connections()


def test_what_is_wrong_with_the_timetable_ends_the_worker() -> None:
    with pytest.raises(ConnectorException):
        timetable(2**70)
    assert not ProcrastinateJob.objects.exists()


def test_an_import_goes_on_after_each_outage_and_does_each_row_once(api_client: Any, integration: Any) -> None:
    client = api_client(integration, "imports:manage", "customers:write")
    body = {"resource": "customers", "file": SimpleUploadedFile("people.csv", MANY.encode())}
    assert client.post("/api/v1/imports", body, content_type=MULTIPART_CONTENT).status_code == 201
    with behind_a_proxy() as (way, _child):
        for lines in (2, 1002, 2002):
            wait_until(lambda least=lines: Import.objects.get().lines_done >= least, 60)
            way.cut()
            way.mend()
        wait_until(lambda: Import.objects.get().status not in {"waiting", "running"}, 60)
    one = Import.objects.get()
    assert (one.status, one.created, one.unchanged, one.refused) == ("done", ROWS, 0, 0)
    assert (Customer.objects.count(), Change.objects.filter(action="created").count()) == (ROWS, ROWS)


def test_a_beat_tells_an_outage_once_until_it_has_passed(caplog: pytest.LogCaptureFixture) -> None:
    def beat() -> None:
        ask("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")

    for _second in range(3):
        attempt(beat)
    attempt(wait_for_nothing)
    attempt(beat)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def wait_for_nothing() -> None:
    """Be a beat that goes well."""
