"""Background work as people look after it: how much waits, what failed, and how to try again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation

from crm.database.outages import is_passing

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from procrastinate.contrib.django.models import ProcrastinateJob
    from procrastinate.jobs import Job

logger = logging.getLogger(__name__)
# Each status apart: so each is read from a small index, however many jobs have succeeded.
COUNT: Final = """SELECT
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at > now()),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'),
    (SELECT count(*) FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = worker_id
        WHERE status = 'doing' AND coalesce(last_heartbeat, '-infinity') < now() - make_interval(secs => %(patience)s)
        AND (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id)
            < now() - make_interval(secs => %(patience)s))
    + (SELECT count(*) FROM (SELECT id, scheduled_at FROM procrastinate_jobs
        WHERE status = 'todo' AND priority >= 0 AND coalesce(scheduled_at, now()) <= now()
        ORDER BY id LIMIT 100) AS due
        WHERE coalesce(scheduled_at, (SELECT max(at) FROM procrastinate_events WHERE job_id = due.id), '-infinity')
            < now() - make_interval(secs => %(patience)s))"""
SIGN: Final = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s"
# A worker that gives a sign at this moment is locked by it, and so not silent.
SILENT: Final = """SELECT id FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %s)
    ORDER BY id FOR UPDATE SKIP LOCKED"""
LOST: Final = """SELECT id, task_name FROM procrastinate_jobs
    WHERE status = 'doing' AND (worker_id IS NULL OR worker_id = ANY(%s)) ORDER BY id FOR UPDATE SKIP LOCKED"""
HELD: Final = "SELECT id, task_name FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"
NOTE: Final = """WITH new AS (INSERT INTO crm_lost_job (job) VALUES (%(job)s))
    SELECT 1 + count(*) FROM crm_lost_job WHERE job = %(job)s AND at > now() - interval '1 day'"""
FORGET: Final = "DELETE FROM crm_lost_job WHERE job = %s"
AGAIN: Final = "SELECT procrastinate_retry_job_v2(%s, now() + random() * make_interval(secs => %s), NULL, NULL, NULL)"
FINISH: Final = "SELECT procrastinate_finish_job_v1(%s, %s, false)"
STATES: Final = ("waiting", "later", "running", "failed", "stuck")
PATIENCE: Final = 600  # seconds
AT_ONCE: Final = 2  # times that a lost job runs again without a pause
APART: Final = 60.0  # seconds, at most, of the pause: it tells what kills its worker from what only ran beside it
MOST: Final = 20  # times in a day that a job is lost before it is set aside


class Again(Exception):
    """The job is to run again, in so many seconds."""

    def __init__(self, seconds: float) -> None:
        """Take the seconds."""
        super().__init__(seconds)
        self.seconds = seconds


class WhenToldTo(BaseRetryStrategy):
    """Runs a job again when it says so; any other failure is a failure."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when."""
        if not isinstance(exception, Again):
            return None
        return RetryDecision(retry_in={"milliseconds": int(exception.seconds * 1000)})


def counts() -> dict[str, int]:
    """Return how many jobs are `waiting`, wait for a time `later`, are `running`, have `failed`, and are `stuck`.

    Failed counts the last week. Stuck are those that nothing has happened to for ten minutes: which wait though nothing
    is before them, or whose worker is gone. Campaigns and webhooks, which may be many, wait behind all others. Raises
    DatabaseError where the database does not answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"patience": PATIENCE})
        return dict(zip(STATES, cursor.fetchone(), strict=True))


def run_again(job: ProcrastinateJob) -> bool:
    """Let a job that failed run once more; return False for one that has not failed, or whose like is queued."""
    if job.status != "failed":
        return False
    try:
        with transaction.atomic():
            app.job_manager.retry_job_by_id(job.pk, timezone.now())
    except UniqueViolation:  # its like is queued already
        return False
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [job.pk])
    return True


def give_sign(worker: int) -> datetime:
    """Say that a worker lives, and return what time it is for the database."""
    with connection.cursor() as cursor:
        cursor.execute(SIGN, [worker])
        cursor.execute("SELECT now()")
        now: datetime
        (now,) = cursor.fetchone()
    return now


def held_by(worker: int) -> dict[int, str]:
    """Return the ids and names of the jobs that a worker is at, for all that the database knows."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [worker])
        return dict(cursor.fetchall())


@transaction.atomic
def take_up_lost(silence: timedelta) -> list[int]:
    """Let the jobs run again whose worker has given no sign for so long, and return their ids.

    One whose like is queued already is finished instead. None keeps the others from being taken up.
    """
    with connection.cursor() as cursor:
        cursor.execute(SILENT, [silence.total_seconds()])
        cursor.execute(LOST, [[worker for (worker,) in cursor.fetchall()]])
        lost = dict(cursor.fetchall())
    return [job for job, name in lost.items() if take_up(job, name)]


def take_up(job: int, name: str) -> bool:
    """Let a lost job run again, unless it was lost too often and so has failed; tell whether it will."""
    try:
        times = note_loss(job)
    except IntegrityError:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FINISH, [job, "aborted"])
        logger.warning("Job %s (%s) was lost with its worker; the next one is queued", job, name)
        return False
    except DatabaseError as error:
        if is_passing(error):
            raise
        logger.exception("Job %s (%s) was lost with its worker, and cannot be taken up", job, name)
        return False
    if times > MOST:
        logger.error("Job %s (%s) was lost with its worker %s times in a day, and is set aside", job, name, times)
        return False
    logger.warning("Job %s (%s) was lost with its worker, and runs again", job, name)
    return True


@transaction.atomic
def note_loss(job: int) -> int:
    """Let a lost job run again, or fail after the last time that it may, and return how often it was lost in a day.

    Raises IntegrityError where its like is queued already.
    """
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"job": job})
        times: int
        (times,) = cursor.fetchone()
        if times > MOST:
            cursor.execute(FINISH, [job, "failed"])
        else:
            cursor.execute(AGAIN, [job, APART * (times > AT_ONCE)])
    return times


def cancel(job: ProcrastinateJob) -> bool:
    """Take a job from the queue; return False for one that has begun already."""
    return app.job_manager.cancel_job_by_id(job.pk)
