"""Background jobs in the staff site."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.staff import colleague, page, signed_in, superuser

pytestmark = pytest.mark.django_db
JOB = "INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('default', %s, %s) RETURNING id"


def job(status: str) -> ProcrastinateJob:
    with connection.cursor() as cursor:
        cursor.execute(JOB, [f"a {status} one", status])
        found: ProcrastinateJob = ProcrastinateJob.objects.get(pk=cursor.fetchone()[0])
    return found


def act(client: Any, action: str, *jobs: ProcrastinateJob) -> str:
    form = {"action": action, "_selected_action": [str(one.pk) for one in jobs]}
    answer = client.post(page(ProcrastinateJob, "changelist"), form, follow=True)
    return str(answer.content.decode())


def states(*jobs: ProcrastinateJob) -> list[str]:
    found = {one.pk: one.status for one in ProcrastinateJob.objects.all()}
    return [found[one.pk] for one in jobs]


def test_the_queue_is_counted_above_the_list() -> None:
    for status in ("todo", "todo", "failed", "doing", "succeeded"):
        job(status)
    text = signed_in(superuser()).get(page(ProcrastinateJob, "changelist")).content.decode()
    assert "2 waiting, 0 later, 1 running, 1 failed" in text


def test_only_what_failed_runs_again() -> None:
    jobs = job("failed"), job("succeeded")
    text = act(signed_in(superuser()), "run_again", *jobs)
    assert states(*jobs) == ["todo", "succeeded"]
    assert "1 job is not in a state for that." in text


def test_only_what_waits_is_cancelled() -> None:
    jobs = job("todo"), job("doing")
    act(signed_in(superuser()), "cancel", *jobs)
    assert states(*jobs) == ["cancelled", "doing"]


def test_who_may_only_read_accounts_may_not_run_jobs() -> None:
    failed = job("failed")
    auditor = signed_in(colleague("Auditor"))
    assert auditor.get(page(ProcrastinateJob, "changelist")).status_code == 200
    act(auditor, "run_again", failed)
    assert states(failed) == ["failed"]
