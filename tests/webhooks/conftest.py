"""Subscribers, a receiver, and workers."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app
from psycopg.conninfo import make_conninfo

from crm.webhooks import feeding
from tests.feed import settle
from tests.webhooks.receiver import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from procrastinate.contrib.django.django_connector import DjangoConnector

    from tests.webhooks.receiver import Receiver

WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture(autouse=True)
def no_jobs(transactional_db: None) -> None:
    """Remove what other tests left: Django does not know these tables."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "webhooks:manage", "customers:read", "customers:write")


@pytest.fixture
def subscribe(client: Any, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Make a webhook at the receiver, and return it with its secret."""

    def make(**fields: Any) -> dict[str, Any]:
        answer = client.post(WEBHOOKS, {"url": receiver.url, **fields})
        assert answer.status_code == 201, answer.content
        return {**answer.json()["webhook"], "secret": answer.json()["secret"]}

    return make


def work() -> None:
    """Feed the webhooks, then do all work that waits, in a worker that then ends."""
    settle()
    feeding.feed_all()
    connector = cast("DjangoConnector", app.connector).get_worker_connector()
    options = {"wait": False, "install_signal_handlers": False, "listen_notify": False, "concurrency": 4}
    with app.replace_connector(connector) as worker, ThreadPoolExecutor(1) as pool:
        pool.submit(worker.run_worker, **options).result()


@contextmanager
def worker_process() -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py worker` on the tests' database."""
    known = connection.get_connection_params()
    url = make_conninfo(**{key: known[key] for key in ("host", "port", "user", "password", "dbname") if known.get(key)})
    environment = {**os.environ, "DATABASE_URL": url, "WEBHOOK_RETRIES": ",".join(["0"] * 30), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
    with subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR) as process:  # noqa: S603 -- ours
        try:
            yield process
        finally:
            process.kill()
