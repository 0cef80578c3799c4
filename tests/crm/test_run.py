"""`manage.py run` and `manage.py worker`, as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from tests.worker import no_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


def variables(port: int) -> dict[str, str]:
    known = connection.get_connection_params()
    place = {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}
    return {**os.environ, "DEBUG": "true", "PORT": str(port), "DATABASE_URL": make_conninfo(**place), "BASE_URL": ""}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


@contextmanager
def started(*command: str, port: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603
        [*MANAGE, *command], env=variables(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60)


def read_until(stream: IO[str] | None, text: str) -> str:
    lines = ""
    for line in stream or []:
        lines += line
        if text in lines:
            break
    return lines


def test_run_serves_what_it_says_until_it_is_told_to_stop() -> None:
    port = free_port()
    with started("run", port=port) as process:
        screen = read_until(process.stdout, "Remove the demonstration data")
        assert "600 interactions" in screen
        assert f"http://127.0.0.1:{port}/admin/" in screen
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        rest, _errors = process.communicate(timeout=60)
    assert ("Stopping." in rest.splitlines(), process.returncode) == (True, 0)


@pytest.mark.parametrize(
    ("host", "base"),
    [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")],  # noqa: S104 -- for a moment
)
def test_run_gets_ready_wherever_it_listens(monkeypatch: pytest.MonkeyPatch, host: str, base: str) -> None:
    monkeypatch.setenv("HOST", host)
    port = free_port()
    with started("run", "--no-demo", port=port) as process:
        assert f"The CRM runs at http://{base}:{port} " in read_until(process.stdout, "API ")
        with urlopen(f"http://{base}:{port}/readyz", timeout=60) as answer:
            assert answer.status == 200


def test_run_says_that_an_address_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "192.0.2.1")
    ended = subprocess.run([*MANAGE, "run"], env=variables(1), capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: HOST=192.0.2.1 is no address of this machine: ")


def test_run_says_that_the_port_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = subprocess.run([*MANAGE, "run"], env=variables(port), capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"CommandError: Port {port} is taken by another program, perhaps another `make run`")
    assert ended.stderr.endswith(f"Choose another one: make run PORT={port + 1}\n")


@pytest.mark.usefixtures("no_jobs")
def test_the_worker_finishes_and_signs_off_when_it_is_told_to_stop() -> None:
    with started("worker", port=0) as process:
        assert wait_for_workers(1)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert wait_for_workers(0)


def wait_for_workers(number: int) -> bool:
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_workers, pg_sleep(0.1)")
            if cursor.fetchone()[0] == number:
                return True
    return False
