"""Workers for tests: one that does what waits and ends, and one in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # has none
import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.periodic import PeriodicRegistry
from psycopg.conninfo import make_conninfo

from crm import housekeeping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procrastinate import App
    from procrastinate.contrib.django.django_connector import DjangoConnector


@pytest.fixture
def no_jobs(transactional_db: None) -> None:
    """Remove what other tests left: Django does not know these tables."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def do_all() -> None:
    """Do all work that waits; in a thread, because tests in a browser keep ours busy.

    Jobs that the clock would start are left out: they would run beside the others, or not, by chance.
    """
    connector = cast("DjangoConnector", app.connector).get_worker_connector()
    options = {"wait": False, "install_signal_handlers": False, "listen_notify": False, "concurrency": 4}
    with app.replace_connector(connector) as worker, without_periodic(worker), ThreadPoolExecutor(1) as pool:
        pool.submit(worker.run_worker, **options).result()


@contextmanager
def without_periodic(worker: App) -> Iterator[None]:
    """Let a worker know of no jobs that the clock starts; those that are queued it does."""
    known, worker.periodic_registry = worker.periodic_registry, PeriodicRegistry()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        worker.periodic_registry = known


def address(**changes: str) -> str:
    """Return the address of the tests' database."""
    known = {**connection.get_connection_params(), **changes}
    return make_conninfo(
        **{key: known[key] for key in ("host", "port", "user", "password", "dbname") if known.get(key)}
    )


def tidying() -> int:
    """Queue a job, and return its id; its like, which the clock may have queued, does not stand in its way."""
    return int(housekeeping.tidy_up.configure(queueing_lock=str(uuid4())).defer(timestamp=0))


@contextmanager
def process(*command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py worker`, or another module, on the tests' database, and kill it after the block."""
    settings_of_ours = {**os.environ, "DATABASE_URL": address(), "LOG_LEVEL": "ERROR", **environment}
    words = ["-m", *command] if command else [str(settings.BASE_DIR / "manage.py"), "worker"]
    with subprocess.Popen([sys.executable, *words], env=settings_of_ours, cwd=settings.BASE_DIR) as child:  # noqa: S603 -- ours
        try:
            yield child
        finally:
            if child.poll() is None:
                for one in (*psutil.Process(child.pid).children(), child):
                    one.kill()
