"""Runs background work until it is told to stop, then finishes what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app

from crm.beats import keep_beating
from crm.restored.holding import HeldJobs, may_send

if TYPE_CHECKING:
    from procrastinate.contrib.django.django_connector import DjangoConnector

GRACE: Final = 30
CONCURRENCY: Final = 8


class Command(BaseCommand):
    help = "Run background work until a signal to stop (SIGTERM or Ctrl-C); a job may then go on for half a minute."

    def handle(self, *args: Any, **options: Any) -> None:
        connector = cast("DjangoConnector", app.connector).get_worker_connector()
        stopped = keep_beating(may=may_send)
        # A second app: what jobs enqueue goes through Django's connection, in the transaction of what causes it.
        worker = app.with_connector(connector)
        worker.job_manager = HeldJobs(connector)
        worker.run_worker(concurrency=CONCURRENCY, shutdown_graceful_timeout=GRACE, listen_notify=True)
        stopped.set()
