"""Background work as people look after it: how much waits, what failed, and how to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection
from django.utils import timezone
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app

if TYPE_CHECKING:
    from procrastinate.contrib.django.models import ProcrastinateJob
    from procrastinate.jobs import Job

# Each status apart: so each is read from a small index, however many jobs have succeeded.
COUNT: Final = """SELECT
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at > now()),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'),
    (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed')"""
STATES: Final = ("waiting", "later", "running", "failed")


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
    """Return how many jobs are `waiting`, wait for a time `later`, are `running`, and have `failed` in the last week.

    Raises DatabaseError where the database does not answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        return dict(zip(STATES, cursor.fetchone(), strict=True))


def run_again(job: ProcrastinateJob) -> bool:
    """Let a job that failed run once more; return False for one that has not failed."""
    if job.status != "failed":
        return False
    app.job_manager.retry_job_by_id(job.pk, timezone.now())
    return True


def cancel(job: ProcrastinateJob) -> bool:
    """Take a job from the queue; return False for one that has begun already."""
    return app.job_manager.cancel_job_by_id(job.pk)
