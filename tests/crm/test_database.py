from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from crm.database import settings_for, timeouts
from crm.database.base import forget_the_dead, own_server, start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.django_db
def test_the_server_is_postgresql_15_or_newer() -> None:
    assert connection.vendor == "postgresql"
    assert connection.cursor().connection.info.server_version >= 150000


def test_threads_that_come_at_once_join_one_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = str(tmp_path_factory.mktemp("server") / "postgres")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: own_server(directory), range(8)))
    assert found == [start(directory)] * 8


def test_a_killed_process_no_longer_keeps_the_server_alive(tmp_path: Path) -> None:
    users = tmp_path / "users.json"
    users.write_text("[1, 4194999]")
    forget_the_dead(users)
    assert users.read_text() == "[1]"


def test_a_server_that_nobody_used_yet_has_no_list_of_users(tmp_path: Path) -> None:
    forget_the_dead(tmp_path / "users.json")
    assert not (tmp_path / "users.json").exists()


ROLES = {
    "manage.py worker": "-c lock_timeout=60s -c statement_timeout=3600s -c idle_in_transaction_session_timeout=900s",
    "manage.py runserver": "-c lock_timeout=5s -c statement_timeout=60s -c idle_in_transaction_session_timeout=300s",
    "manage.py migrate": "-c lock_timeout=0s -c statement_timeout=0s -c idle_in_transaction_session_timeout=3600s",
    "manage.py erp_pull worker": (
        "-c lock_timeout=0s -c statement_timeout=0s -c idle_in_transaction_session_timeout=3600s"
    ),
}


@pytest.mark.parametrize(("command", "said"), ROLES.items())
def test_web_worker_and_commands_wait_each_for_a_time(monkeypatch: pytest.MonkeyPatch, command: str, said: str) -> None:
    monkeypatch.setattr("sys.argv", command.split())
    assert timeouts.options(timeouts.timeouts()[timeouts.role()]) == said


@pytest.mark.parametrize("module", ["crm.wsgi", "crm.asgi"])
def test_every_server_of_the_web_waits_as_the_web(module: str) -> None:
    ask = f"import {module}; from django.conf import settings; print(settings.DATABASES['default']['OPTIONS'])"
    found = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True)  # noqa: S603 -- ours
    assert "-c jit=off -c lock_timeout=5s -c statement_timeout=60s" in found.stdout


@pytest.mark.parametrize("seconds", [-1, 2_147_484])
def test_a_timeout_that_is_none_is_refused(seconds: int) -> None:
    values = {"WEB_LOCK_SECONDS": 1, "WEB_STATEMENT_SECONDS": seconds, "WEB_IDLE_SECONDS": 1}
    with pytest.raises(ImproperlyConfigured, match=f"WEB_STATEMENT_SECONDS .* from 0 to 2147483, not {seconds}"):
        timeouts.options(values)


@pytest.mark.parametrize(("seconds", "is_enough"), [(0, True), (1, False), (299, False), (300, True)])
def test_a_slow_mail_server_does_not_end_the_transaction_of_what_it_takes(seconds: int, *, is_enough: bool) -> None:
    values = {"WORKER_LOCK_SECONDS": 1, "WORKER_STATEMENT_SECONDS": 1, "WORKER_IDLE_SECONDS": seconds}
    refusal = pytest.raises(ImproperlyConfigured, match=r"WORKER_IDLE_SECONDS must be 0 \(no limit\) or 300 and more")
    with nullcontext() if is_enough else refusal:
        assert timeouts.options(values).endswith(f"-c idle_in_transaction_session_timeout={seconds}s")


def test_what_the_address_says_overrides_the_timeouts(tmp_path: Path) -> None:
    url = "postgresql://crm@db/crm?connect_timeout=9&options=-c%20lock_timeout%3D7s"
    found = settings_for(url, tmp_path)["OPTIONS"]
    assert found["options"].startswith("-c jit=off -c lock_timeout=0s ")
    assert found["options"].endswith(" -c lock_timeout=7s")
    assert found["connect_timeout"] == "9"
