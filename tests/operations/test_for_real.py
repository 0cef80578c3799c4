"""What the page on operation says, done once from an empty folder, in production's settings."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.operations.conftest import Visitor
from tests.operations.programs import PASSWORD, PROGRAMS, Place, run, server, serving
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

CONTENT = os.urandom(10_000_000).hex().encode()
LINES = b"name,email\n" + b"".join(b"Person %d,p%d@example.com\n" % (number, number) for number in range(300))
SETTINGS = """
listen_addresses = ''
fsync = off
unix_socket_directories = '{folder}/socket'
archive_mode = on
archive_command = 'cp %p {folder}/postgres/%f'
restore_command = 'cp {folder}/postgres/%f %p'
"""


def make_server(place: Place) -> None:
    place.postgres("initdb", "-D", "first", "-E", "UTF8", "--locale=C", "-A", "trust", "-U", "owner")
    with (place.folder / "postgres" / "first" / "postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(folder=place.folder))


def install(place: Place) -> None:
    """Do what stands under `Install`."""
    place.psql("CREATE ROLE crm LOGIN")
    place.psql("CREATE DATABASE crm OWNER crm")
    for words in (["check", "--deploy"], ["migrate"], ["collectstatic", "--no-input"]):
        place.manage(*words)
    account = ["--no-input", "--username", "boss", "--email", "boss@example.com"]
    place.manage("createsuperuser", *account, DJANGO_SUPERUSER_PASSWORD=PASSWORD)


def is_ready(visitor: Visitor) -> bool:
    time.sleep(0.2)
    try:
        answer = visitor.open("GET", "/readyz")
    except OSError:
        return False
    return bool(answer.status == 200)


def sign_in_on_the_screens(visitor: Visitor) -> None:
    page = visitor.open("GET", "/admin/login/")
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode()))
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    body = urlencode({"csrfmiddlewaretoken": token, "username": "boss", "password": PASSWORD}).encode()
    origin = f"https://{visitor.headers['Host']}"
    form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Origin": origin}
    answer = visitor.open("POST", "/admin/login/?next=/admin/", body, **form)
    assert (answer.status, answer.headers["Location"]) == (302, "/admin/"), answer.read()
    cookies = "; ".join(one.partition(";")[0] for one in answer.headers.get_all("Set-Cookie"))
    assert visitor.open("GET", "/admin/", Cookie=cookies).status == 200


def sign_in(visitor: Visitor) -> None:
    said = visitor.ask("POST", "/api/v1/auth/token", {"username": "boss", "password": PASSWORD})
    visitor.headers["Authorization"] = f"Bearer {said['access_token']}"


def listen(visitor: Visitor, make: Callable[[], Any]) -> None:
    """See a change on the stream while it stays open: nothing on the way keeps it."""
    stream = visitor.open("GET", "/api/v1/changes?after=latest", Accept="text/event-stream")
    assert (stream.status, stream.readline()) == (200, b"retry: 2000\n")
    time.sleep(1)
    made, started = make(), time.monotonic()
    while not (line := stream.readline()).startswith(b"data:"):
        assert line
    assert time.monotonic() - started < 10
    assert made["id"] in line.decode()
    stream.close()


def upload(visitor: Visitor, customer: str) -> str:
    fields = {"about_type": "customers.customer", "about_id": customer}
    made = visitor.upload("/api/v1/attachments", "large.txt", CONTENT, **fields)
    assert (made["size"], made["sha256"]) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    address = f"/api/v1/attachments/{made['id']}/content"
    assert visitor.open("GET", address).read() == CONTENT
    return address


def import_people(visitor: Visitor) -> None:
    """Upload an import, which the worker does."""
    made = visitor.upload("/api/v1/imports", "people.csv", LINES, resource="customers", key="email")
    wait_until(lambda: visitor.ask("GET", f"/api/v1/imports/{made['id']}")["status"] == "done", 60)
    assert visitor.ask("GET", f"/api/v1/imports/{made['id']}")["created"] == 300


def work(visitor: Visitor) -> None:
    """Use what is served; see that `/metrics` is not."""
    wait_until(lambda: is_ready(visitor), 60)
    sign_in_on_the_screens(visitor)
    sign_in(visitor)
    customer = visitor.ask("POST", "/api/v1/customers", {"name": "First"})
    listen(visitor, lambda: visitor.ask("POST", "/api/v1/customers", {"name": "Second"}))
    upload(visitor, customer["id"])
    import_people(visitor)
    page = visitor.ask("GET", "/api/v1/customers?limit=1")
    assert page["next"].startswith(f"https://{visitor.headers['Host']}/api/v1/customers?")
    assert visitor.open("GET", "/metrics").status == 404


def restore_a_dump(place: Place) -> None:
    """Back up and restore as the page says: the copy is recognised, and its files are those of the rows."""
    dump = str(place.folder / "crm.dump")
    run(str(PROGRAMS / "pg_dump"), "--format=custom", f"--file={dump}", place.url())
    shutil.copytree(place.folder / "attachments", place.folder / "copied")
    place.psql("CREATE DATABASE copy OWNER crm")
    run(str(PROGRAMS / "pg_restore"), "--no-owner", f"--dbname={place.url('copy')}", dump)
    copy = {"DATABASE_URL": place.url("copy"), "ATTACHMENTS_DIR": str(place.folder / "copied")}
    place.manage("migrate", **copy)
    assert "this database was restored from a backup, or copied" in place.manage("restored", **copy)
    assert place.psql("SELECT count(*) FROM customers_customer", "copy") == "302"
    name = place.psql("SELECT replace(id::text, '-', '') FROM crm_attachment", "copy")
    assert (place.folder / "copied" / name[-2:] / name).read_bytes() == CONTENT
    assert "This database sends." in place.manage("restored", "--resume-sending", **copy)


def go_back(place: Place, moment: str) -> None:
    """Let a base backup recover to a moment that is seconds ago."""
    with (place.folder / "postgres" / "second" / "postgresql.conf").open("a") as file:
        file.write(f"recovery_target_time = '{moment}'\nrecovery_target_action = promote\n")
    (place.folder / "postgres" / "second" / "recovery.signal").touch()
    with server(place, "second"):
        wait_until(lambda: place.psql("SELECT pg_is_in_recovery()") == "f", 30)
        place.manage("migrate")
        assert "this database was restored to a point in time" in place.manage("restored")
        assert place.psql("SELECT count(*) FROM customers_customer", "crm") == "302"
        assert "This database sends." in place.manage("restored", "--resume-sending")


def test_what_the_page_on_operation_says_is_so(place: Place) -> None:
    make_server(place)
    with ExitStack() as stack:
        stack.enter_context(server(place, "first"))
        install(place)
        backup = ["-D", "second", "-h", f"{place.folder}/socket", "-U", "owner", "-c", "fast"]
        place.postgres("pg_basebackup", *backup)
        with serving(place):
            visitor = Visitor(place)
            work(visitor)
            restore_a_dump(place)
            moment = place.psql("SELECT clock_timestamp()")
            visitor.ask("POST", "/api/v1/customers", {"name": "Too late"})
        place.psql("SELECT pg_switch_wal()")
    go_back(place, moment)
