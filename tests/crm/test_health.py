from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import Settings

JOB = """INSERT INTO procrastinate_jobs (queue_name, task_name, status, scheduled_at)
    VALUES ('default', 'crm.test', %s, now() + %s * interval '1 second')"""
BEAT = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 second')"


NO_JOBS = {"waiting": 0, "later": 0, "running": 0, "failed": 0, "stuck": 0}
PARTS = ("database", "writable", "migrations", "worker", "feed", "attachments")
WELL = {"status": "ok", **dict.fromkeys(PARTS, "ok"), "jobs": NO_JOBS}


def beat(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(BEAT, [seconds_ago])


def job(status: str, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(JOB, [status, seconds])


def ask(client: Client, path: str, **extra: Any) -> tuple[int, dict[str, Any]]:
    answer = client.get(path, **extra)
    return answer.status_code, answer.json()


def test_a_living_process_says_so_without_the_database(client: Client) -> None:
    assert ask(client, "/healthz") == (200, {"status": "ok"})


def test_probes_may_ask_by_any_address(client: Client) -> None:
    assert ask(client, "/healthz", headers={"host": "10.1.2.3"})[0] == 200


@pytest.mark.django_db
def test_it_is_ready_with_database_migrations_and_worker(client: Client) -> None:
    beat(30)
    assert ask(client, "/readyz") == (200, WELL)


@pytest.mark.django_db
def test_it_is_not_ready_while_the_worker_is_silent(client: Client) -> None:
    beat(90)
    assert ask(client, "/readyz") == (503, {**WELL, "status": "failing", "worker": "failing"})


@pytest.mark.django_db
def test_a_load_balancer_need_not_ask_for_the_worker(client: Client) -> None:
    beat(90)
    assert ask(client, "/readyz?except=worker")[0] == 200


@pytest.mark.django_db
def test_jobs_that_wait_and_fail_are_counted(client: Client) -> None:
    beat(0)
    for status, seconds in (("todo", -1), ("todo", 60), ("todo", 90), ("doing", 0), ("failed", 0), ("succeeded", 0)):
        job(status, seconds)
    expected = {"waiting": 1, "later": 2, "running": 1, "failed": 1, "stuck": 0}
    assert ask(client, "/readyz")[1]["jobs"] == expected
    figures = client.get("/metrics").content.decode()
    assert [f'crm_jobs{{state="{state}"}} {count}.0' in figures for state, count in expected.items()] == [True] * 5


@pytest.mark.django_db
def test_it_is_not_ready_without_a_migration(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.health._state", {"is_migrated": False})
    beat(0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'customers'")
    status, states = ask(client, "/readyz")
    assert (status, states["database"], states["migrations"]) == (503, "ok", "failing")


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_without_a_database(client: Client) -> None:
    connection.close()
    name, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], "missing"
    try:
        status, states = ask(client, "/readyz")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    assert (status, states["status"], states["jobs"]) == (503, "failing", {})
    assert {states[part] for part in PARTS if part != "attachments"} == {"failing"}


@pytest.mark.django_db
def test_figures_name_routes_and_not_addresses(client: Client) -> None:
    client.get("/api/nothing/4711")
    text = client.get("/metrics").content.decode()
    assert 'crm_requests_total{method="GET",route="/api/",status="404"}' in text
    assert "nothing" not in text


@pytest.mark.django_db
def test_an_unknown_method_is_counted_without_its_name(client: Client) -> None:
    client.generic("BREW", "/api/nothing")
    assert "BREW" not in client.get("/metrics").content.decode()


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "via"])
def test_figures_are_not_shown_through_a_proxy(client: Client, name: str) -> None:
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


def test_figures_are_not_shown_to_other_machines(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404


@pytest.mark.django_db
def test_figures_are_shown_to_who_knows_the_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "prometheus-asks-nicely"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 404
    right = {"authorization": "Bearer prometheus-asks-nicely"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="192.0.2.1").status_code == 200
