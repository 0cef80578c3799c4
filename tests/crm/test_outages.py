"""A database that is away, full, read-only, or held up by others: 503 and when to come back, and nothing is written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg.sql import SQL, Literal

from crm.database import timeouts
from customers.models import Customer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMERS = "/api/v1/customers"
AWAY = "The database cannot be reached; try again in a moment."
BUSY = "Others are changing the same records; try again."
SLOW = "It took too long. Ask for less, or try again later."
# What goes wrong inside of a statement, as PostgreSQL says it; the first ends the connection, as a restart does.
FAILURES = {
    "a restart": ("PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)", AWAY, "5"),
    "a crash": ("RAISE SQLSTATE '57P02'", AWAY, "5"),
    "a full disk": ("RAISE SQLSTATE '53100'", AWAY, "5"),
    "no memory": ("RAISE SQLSTATE '53200'", AWAY, "5"),
    "a standby": ("RAISE SQLSTATE '25006'", AWAY, "5"),
    "a deadlock": ("RAISE SQLSTATE '40P01'", BUSY, "1"),
    "a lock": ("RAISE SQLSTATE '55P03'", BUSY, "1"),
    "a slow statement": ("RAISE SQLSTATE '57014'", SLOW, "30"),
}


@contextmanager
def failing(body: str) -> Iterator[None]:
    """Let every insert of a customer fail in a way."""
    function = SQL(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS {}",
    ).format(Literal(f"BEGIN {body}; RETURN NEW; END"))
    with psycopg.connect(**plain(), autocommit=True) as other:
        other.execute(function)
        other.execute("CREATE TRIGGER fail BEFORE INSERT ON customers_customer FOR EACH ROW EXECUTE FUNCTION fail()")
        yield
        other.execute("DROP FUNCTION fail() CASCADE")


def plain() -> dict[str, Any]:
    known = connection.get_connection_params()
    return {key: known[key] for key in ("host", "port", "user", "password", "dbname") if known.get(key)}


@contextmanager
def connected(**changes: Any) -> Iterator[None]:
    """Connect to the database in another way."""
    connection.close()
    kept = dict(connection.settings_dict)
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)


def options(**seconds: int) -> dict[str, Any]:
    known = connection.settings_dict["OPTIONS"]
    return {"OPTIONS": {**known, "options": " ".join(f"-c {name}={value}" for name, value in seconds.items())}}


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


@pytest.mark.parametrize(("body", "detail", "seconds"), FAILURES.values(), ids=list(FAILURES))
def test_what_may_succeed_later_is_answered_by_503(client: Any, body: str, detail: str, seconds: str) -> None:
    with failing(body):
        answer = client.post(CUSTOMERS, {"name": "Ada"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, seconds)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == detail
    assert not Customer.objects.exists()
    assert client.post(CUSTOMERS, {"name": "Ada"}).status_code == 201


@pytest.mark.parametrize("state", ["53400", "22012", "XX000"])
def test_what_would_fail_again_is_an_error(client: Any, state: str) -> None:
    client.raise_request_exception = False
    with failing(f"RAISE SQLSTATE '{state}'"):
        assert client.post(CUSTOMERS, {"name": "Ada"}).status_code == 500


def test_a_database_that_cannot_be_reached_is_told_in_xml_too(client: Any) -> None:
    with connected(HOST="127.0.0.1", PORT="1", OWN_SERVER=None):
        answer = client.get(CUSTOMERS, headers={"accept": "application/xml"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+xml"
    assert AWAY in answer.content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/o/authorize?client_id=x"])
def test_a_browser_sees_a_page(client_without_token: Any, path: str) -> None:
    client_without_token.raise_request_exception = False
    client_without_token.cookies["sessionid"] = "a" * 32
    with connected(HOST="127.0.0.1", PORT="1", OWN_SERVER=None):
        answer = client_without_token.get(path, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    assert AWAY in answer.content.decode()


def test_no_connection_left_is_told(client: Any) -> None:
    with psycopg.connect(**plain(), autocommit=True) as other:
        other.execute("DROP ROLE IF EXISTS crowded")
        other.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        with connected(USER="crowded", HOST=plain()["host"], OWN_SERVER=None):
            answer = client.get(CUSTOMERS)
        other.execute("DROP ROLE crowded")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert client.get(CUSTOMERS).status_code == 200


def test_a_read_only_database_is_read_and_refuses_changes(client: Any) -> None:
    with connected(**options(default_transaction_read_only=1)):
        answer = client.post(CUSTOMERS, {"name": "Ada"})
    assert (answer.status_code, answer.json()["detail"]) == (503, AWAY)
    assert not Customer.objects.exists()


def test_a_forgotten_transaction_holds_a_change_up_for_seconds_only(client: Any) -> None:
    one = client.post(CUSTOMERS, {"name": "Ada"}).json()["id"]
    with psycopg.connect(**plain()) as other, connected(**options(lock_timeout=100)):
        other.execute("UPDATE customers_customer SET name = 'Forgotten'")
        answer = client.patch(f"{CUSTOMERS}/{one}", {"name": "Bob"}, headers={"if-match": "*"})
        other.rollback()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["detail"]) == (503, "1", BUSY)
    assert Customer.objects.get().name == "Ada"


def test_timeouts_can_be_lifted_for_a_while() -> None:
    ask = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    with connected(**options(lock_timeout=100, statement_timeout=200)), connection.cursor() as cursor:
        with timeouts.lifted("lock_timeout", "statement_timeout"):
            cursor.execute(ask)
            assert cursor.fetchone() == ("0", "0")
        cursor.execute(ask)
        assert cursor.fetchone() == ("100ms", "200ms")


def test_timeouts_are_back_after_a_failure() -> None:
    with connected(**options(statement_timeout=200)), connection.cursor() as cursor:
        with pytest.raises(ProgrammingError), transaction.atomic(), timeouts.lifted("statement_timeout"):
            cursor.execute("SELECT nothing")
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("200ms",)


def test_statements_are_not_compiled() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
