"""Jobs whose worker was killed are taken up, whatever else went wrong; those of a worker that lives never are."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import psutil  # type: ignore[import-untyped]  # has none
import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.worker import Worker

from crm import jobs, working
from tests.crm.test_outages import plain
from tests.waiting import wait_until
from tests.worker import do_all, no_jobs, process

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
SILENCE: Final = timedelta(seconds=30)
NO_TASK: Any = "task"
BEAT: Final = """INSERT INTO procrastinate_workers (last_heartbeat)
    VALUES (now() - %s * interval '1 second') RETURNING id"""
JOB: Final = """INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock, worker_id)
    VALUES ('default', %s, %s, %s, %s) RETURNING id"""
REFUSING: Final = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refusal}; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON procrastinate_jobs FOR EACH ROW WHEN (OLD.task_name = 'refused')
    EXECUTE FUNCTION refuse()"""


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


def periodic() -> list[str]:
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    return sorted(one.task.name for one in app.periodic_registry.periodic_tasks.values())


def insert(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])


def worker(seconds_ago: float) -> int:
    return insert(BEAT, seconds_ago)


def job(name: str, worker: int | None = None, status: str = "doing", lock: str | None = None) -> int:
    return insert(JOB, name, status, lock, worker)


def statuses() -> dict[int, str]:
    return dict(ProcrastinateJob.objects.order_by("pk").values_list("pk", "status"))


def defer(name: str) -> int:
    """Queue a periodic job in a queue of its own; some share a lock, which one that was killed would hold."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    return int(app.tasks[name].configure(queue=name.rpartition(".")[2], lock=name).defer(timestamp=0))


def silence_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")


def test_every_periodic_job_survives_a_kill_though_the_next_one_is_queued() -> None:
    """Each in turn, by a worker of its own that is killed when it has done the work and not said so."""
    names = periodic()
    lost = {defer(name): name for name in names}
    with process("tests.killing", "kill", *names) as killed:
        assert killed.wait(40) == 0
    assert statuses() == dict.fromkeys(lost, "doing")
    following = [app.tasks[name].configure().defer(timestamp=1) for name in names]
    silence_all()
    assert jobs.take_up_lost(SILENCE) == []
    while "todo" in (found := statuses()).values():  # what shares a lock with another job waits for it
        do_all()
    assert {found[one] for one in lost} == {"aborted"}
    assert {found[one] for one in following} == {"succeeded"}


def test_every_periodic_job_that_was_killed_runs_again_where_no_other_is_queued() -> None:
    names = periodic()
    lost = [defer(name) for name in names]
    with process("tests.killing", "kill", *names) as killed:
        assert killed.wait(40) == 0
    silence_all()
    assert jobs.take_up_lost(SILENCE) == lost
    do_all()
    found = statuses()
    assert {found[one] for one in lost} == {"succeeded"}


def test_a_job_that_cannot_be_taken_up_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    dead = worker(31)
    lost = [job(name, dead) for name in ("first", "refused", "last")]
    with connection.cursor() as cursor:
        cursor.execute(REFUSING.format(refusal="RAISE 'no'"))
        assert jobs.take_up_lost(SILENCE) == [lost[0], lost[2]]
        cursor.execute("DROP FUNCTION refuse() CASCADE")
    assert list(statuses().values()) == ["todo", "doing", "todo"]
    assert "cannot be taken up" in caplog.text


@pytest.mark.parametrize("cause", ["disk_full", "lock_not_available", "deadlock_detected"])
def test_what_passes_by_itself_is_tried_again_as_a_whole(cause: str) -> None:
    dead = worker(31)
    lost = [job(name, dead) for name in ("first", "refused", "last")]
    with connection.cursor() as cursor:
        cursor.execute(REFUSING.format(refusal=f"RAISE {cause}"))
        with pytest.raises(OperationalError):
            jobs.take_up_lost(SILENCE)
        assert statuses() == dict.fromkeys(lost, "doing")
        cursor.execute("DROP FUNCTION refuse() CASCADE")
    assert jobs.take_up_lost(SILENCE) == lost


@pytest.mark.parametrize(("seconds", "status"), [(0, "doing"), (29, "doing"), (31, "todo"), (9999, "todo")])
def test_the_jobs_of_a_silent_worker_are_taken_up(seconds: float, status: str) -> None:
    one = job("crm.test", worker(seconds))
    jobs.take_up_lost(SILENCE)
    assert statuses() == {one: status}


def test_only_jobs_that_run_are_lost_and_one_without_a_worker_is() -> None:
    dead = worker(31)
    ended = {job("crm.test", dead, status): status for status in ("succeeded", "failed", "aborted", "cancelled")}
    orphan = job("crm.test")
    assert jobs.take_up_lost(SILENCE) == [orphan]
    assert statuses() == {**ended, orphan: "todo"}


def test_two_workers_do_not_take_up_one_job_nor_wait_for_each_other() -> None:
    first, second = (job(name, worker(31)) for name in ("first", "second"))
    with psycopg.connect(**plain()) as other:
        other.execute("SELECT FROM procrastinate_jobs WHERE id = %s FOR UPDATE", [first])
        assert jobs.take_up_lost(SILENCE) == [second]
    assert jobs.take_up_lost(SILENCE) == [first]


def test_a_worker_that_gives_a_sign_at_this_moment_keeps_its_job() -> None:
    lost = job("crm.test", worker(31))
    with psycopg.connect(**plain()) as other:
        other.execute("UPDATE procrastinate_workers SET last_heartbeat = now()")
        assert jobs.take_up_lost(SILENCE) == []
    assert (jobs.take_up_lost(SILENCE), statuses()) == ([], {lost: "doing"})


@pytest.mark.parametrize(
    ("last", "steady", "is_taken"),
    [(None, None, False), (1, 31, True), (1, 29, False), (14, 31, True), (16, 31, False)],
)
def test_who_had_a_gap_itself_takes_nothing_up(last: int | None, steady: int | None, *, is_taken: bool) -> None:
    """After an outage all workers are silent, and this one is only the first to be back."""
    lost = job("crm.test", worker(31))
    heart = working.Heart(Worker(app=app))
    heart.worker.worker_id, now = worker(5), timezone.now()
    heart.last = None if last is None else now - timedelta(seconds=last)
    heart.steady_since = None if steady is None else now - timedelta(seconds=steady)
    heart.beat()
    assert statuses() == {lost: "todo" if is_taken else "doing"}


@pytest.mark.parametrize(
    ("is_running", "seconds", "status"), [(False, 31, "todo"), (False, 29, "doing"), (True, 31, "doing")]
)
def test_a_job_that_the_worker_never_heard_of_is_taken_back(*, is_running: bool, seconds: int, status: str) -> None:
    """The connection broke when the database had given it away."""
    heart = working.Heart(Worker(app=app))
    heart.worker.worker_id = worker(0)
    one = job("crm.test", heart.worker.worker_id)
    running: Any = SimpleNamespace(job=SimpleNamespace(id=one))
    heart.worker._running_jobs = {NO_TASK: running} if is_running else {}
    heart.missing = {one: timezone.now() - timedelta(seconds=seconds)}
    heart.beat()
    assert statuses() == {one: status}


def test_a_worker_that_ends_keeps_the_job_that_it_is_at(tmp_path: Path) -> None:
    """It is told to stop, and others that would take up what is silent for two seconds look on for eight."""
    name, runs = "crm.housekeeping.tidy_up", tmp_path / "runs"
    one = defer(name)
    environment = {"WORKER_SILENT_SECONDS": "2", "RUNS": str(runs), "SECONDS": "10"}
    with process("tests.killing", "slow", name, **environment) as ending:
        wait_until(runs.exists)
        stop_children(ending.pid)
        with process("tests.killing", "slow", name, **environment):
            assert ending.wait(60) == 0
            wait_until(lambda: statuses()[one] == "succeeded")
    assert runs.read_text() == "run\n"


def stop_children(parent: int) -> None:
    for child in psutil.Process(parent).children():
        child.terminate()


def lose(one: int, times: int) -> list[list[int]]:
    """Let a worker take a job and die of it, so many times; return what was taken up each time."""
    taken = []
    for _time in range(times):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE id = %s", [one])
        taken.append(jobs.take_up_lost(SILENCE))
    return taken


def test_a_job_that_kills_its_worker_each_time_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    one, beside = job("deadly"), job("beside", worker(0))
    assert lose(one, jobs.MOST) == [[one]] * jobs.MOST
    assert statuses() == {one: "todo", beside: "doing"}
    assert lose(one, 1) == [[]]
    assert statuses() == {one: "failed", beside: "doing"}
    assert f"(deadly) was lost with its worker {jobs.MOST + 1} times in a day, and is set aside" in caplog.text
    assert (jobs.counts()["failed"], jobs.take_up_lost(SILENCE)) == (1, [])


def test_what_was_set_aside_and_is_run_again_by_hand_may_be_lost_as_often_again() -> None:
    lose(one := job("deadly"), jobs.MOST + 1)
    assert jobs.run_again(ProcrastinateJob.objects.get(pk=one)) is True
    lose(one, jobs.MOST)
    assert statuses() == {one: "todo"}


def test_losses_of_days_before_do_not_count() -> None:
    lose(one := job("deadly"), jobs.MOST)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_lost_job SET at = at - interval '25 hours'")
    lose(one, 1)
    assert statuses() == {one: "todo"}


def test_jobs_that_were_lost_together_again_and_again_are_tried_apart() -> None:
    both = [job("deadly"), job("beside")]
    lose(both[0], jobs.AT_ONCE)
    now = timezone.now()
    assert ProcrastinateJob.objects.get(pk=both[0]).scheduled_at <= now
    for one in both:
        lose(one, 3)
    first, second = ProcrastinateJob.objects.order_by("pk").values_list("scheduled_at", flat=True)
    assert now < first < now + timedelta(seconds=90)
    assert first != second


def test_who_runs_a_job_again_though_its_like_is_queued_is_told_so() -> None:
    failed = job("crm.test", status="failed", lock="one")
    queued = job("crm.test", status="todo", lock="one")
    assert jobs.run_again(ProcrastinateJob.objects.get(pk=failed)) is False
    assert statuses() == {failed: "failed", queued: "todo"}
