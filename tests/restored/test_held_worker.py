"""A worker that is held back outlives its database like any other, and takes up what was lost, but does none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.models import DatabaseIdentity
from tests.proxy import proxy
from tests.waiting import wait_until
from tests.worker import address, process, tidying

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def used(no_jobs: None, make_user: Callable[..., object]) -> None:
    """Begin with a database that somebody uses, and without jobs."""
    make_user()


def lost_job() -> int:
    pk = tidying()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE id = %s", [pk])
    return pk


def test_a_held_worker_goes_on_after_an_outage_and_does_what_was_lost_once_it_may(
    was_other: Callable[..., None],
) -> None:
    lost = lost_job()
    was_other(system="1")
    with proxy(connection.get_connection_params()) as way:
        url = address(host="127.0.0.1", port=way.port)
        with process(DATABASE_URL=url, LOG_LEVEL="CRITICAL", WORKER_SILENT_SECONDS="2"):
            wait_until(lambda: DatabaseIdentity.objects.filter(held_since__isnull=False).exists(), 60)
            way.cut()
            way.mend()
            wait_until(lambda: ProcrastinateJob.objects.get(pk=lost).status == "todo", 60)
            with pytest.raises(AssertionError):
                wait_until(lambda: ProcrastinateJob.objects.get(pk=lost).status != "todo", 7)
            call_command("restored", "--resume-sending")
            wait_until(lambda: ProcrastinateJob.objects.get(pk=lost).status == "succeeded", 60)
