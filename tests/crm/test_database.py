from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection

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
