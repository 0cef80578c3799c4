"""A worker that is late: whatever happened to its import meanwhile, it does no line twice and changes no outcome."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test.client import MULTIPART_CONTENT
from psycopg import errors

from crm.changes.context import acting
from crm.imports import actions, files, running
from crm.jobs import Again
from crm.models import Import, ImportRefusal
from customers.models import Customer
from tests.crm.test_outages import plain
from tests.imports.conftest import IMPORTS
from tests.waiting import somebody_waits, wait_until

if TYPE_CHECKING:
    from crm.sync.formats import Line

ROWS = "name,email\n" + "".join(f"P{number},{'' if number % 3 else 'no@'}\n" for number in range(9))
FIGURES = ("status", "run", "lines_done", "created", "updated", "unchanged", "refused", "error")


class Context:
    """What procrastinate tells a job of its worker."""

    def __init__(self, *, is_ending: bool = False) -> None:
        self.is_ending = is_ending

    def should_abort(self) -> bool:
        return self.is_ending


@pytest.fixture
def upload(client: Any) -> None:
    """Upload nine rows, of which three are refused."""
    body = {"resource": "customers", "file": SimpleUploadedFile("people.csv", ROWS.encode())}
    assert client.post(IMPORTS, body, content_type=MULTIPART_CONTENT).status_code == 201


def begin() -> running.Run:
    return running.Run(Import.objects.select_related("user").get())


def lines() -> list[Line]:
    with files.of(Import.objects.get()) as laid:
        return list(laid.rows())


def figures() -> tuple[Any, ...]:
    found: tuple[Any, ...] = Import.objects.values_list(*FIGURES).get()
    return found


def run(**context: bool) -> None:
    running.run.func(Context(**context), one=str(Import.objects.get().pk), language="en")  # type: ignore[arg-type]  # as far as is asked


def go_on() -> None:
    with acting(command="import"):
        begin().batch(lines()[:6])


def finish() -> None:
    run()


def cancel() -> None:
    actions.cancel(one=Import.objects.get())


def start_anew() -> None:
    actions.start(one=actions.cancel(one=Import.objects.get()), is_dry_run=False)


@pytest.mark.parametrize("meanwhile", [go_on, finish, cancel, start_anew])
def test_a_stale_worker_does_nothing(upload: None, meanwhile: Any) -> None:
    stale = begin()
    meanwhile()
    before = figures(), Customer.objects.count(), ImportRefusal.objects.count()
    with acting(command="import"), pytest.raises(running.Ended):
        stale.batch(lines()[:6])
    assert (figures(), Customer.objects.count(), ImportRefusal.objects.count()) == before


@pytest.mark.parametrize("meanwhile", [finish, cancel, start_anew])
@pytest.mark.parametrize("status", [Import.Status.DONE, Import.Status.FAILED])
def test_a_stale_worker_does_not_say_how_it_ended(upload: None, meanwhile: Any, status: Import.Status) -> None:
    stale = begin()
    meanwhile()
    before = figures()
    running.end(stale.one, status, "late")
    assert figures() == before


def test_a_worker_looks_again_once_it_has_the_lock(upload: None) -> None:
    stale = begin()
    with psycopg.connect(**plain()) as other, ThreadPoolExecutor(1) as thread:
        other.execute("UPDATE crm_import SET lines_done = 4")
        late = thread.submit(batch_elsewhere, stale)
        wait_until(somebody_waits, 30)
        other.commit()
        with pytest.raises(running.Ended):
            late.result(30)
    assert (Customer.objects.count(), Import.objects.get().lines_done) == (0, 4)


def batch_elsewhere(stale: running.Run) -> None:
    try:
        with acting(command="import"):
            stale.batch(lines()[:6])
    finally:
        connection.close()


def test_the_second_worker_leaves_the_figures_of_the_first(upload: None) -> None:
    stale = begin()
    go_on()
    with acting(command="import"), pytest.raises(running.Ended):
        stale.batch(lines()[:6])
    run()
    assert figures() == ("done", 1, 10, 6, 0, 0, 3, "")
    assert (Customer.objects.count(), ImportRefusal.objects.count()) == (6, 3)


def test_a_worker_that_ends_does_nothing_more_and_comes_again(upload: None) -> None:
    before = figures()
    with pytest.raises(Again) as again:
        run(is_ending=True)
    assert (again.value.seconds, figures(), Customer.objects.count()) == (1, before, 0)


@pytest.mark.parametrize("cause", [errors.DiskFull(), errors.AdminShutdown(), errors.LockNotAvailable()])
def test_an_outage_is_no_failure_of_an_import(upload: None, monkeypatch: pytest.MonkeyPatch, cause: Exception) -> None:
    def fail(*_given: Any) -> None:
        raise OperationalError from cause

    before = figures()
    with monkeypatch.context() as patched:
        patched.setattr(running.Run, "results", fail)
        with pytest.raises(OperationalError):
            run()
    assert figures() == before
    run()
    assert figures() == ("done", 1, 10, 6, 0, 0, 3, "")
