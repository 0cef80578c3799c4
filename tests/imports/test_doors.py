"""Who may import, how an import is stopped, and what a killed worker leaves."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from crm.changes.context import acting
from crm.imports import actions, files, running
from crm.models import Change, Import
from customers.models import Customer
from tests.imports.conftest import IMPORTS
from tests.worker import do_all, process

ROWS = 3000
MANY = "name,email\n" + "".join(f"Person {number},p{number}@example.com\n" for number in range(ROWS))


def post(client: Any, text: str = MANY, **headers: str) -> Any:
    body = {"resource": "customers", "file": SimpleUploadedFile("people.csv", text.encode())}
    return client.post(IMPORTS, body, content_type=MULTIPART_CONTENT, headers=headers)


def test_others_do_not_see_an_import(send: Any, api_client: Any, make_user: Any) -> None:
    one = send("name\nAda\n")
    other = api_client(make_user("Sales manager"), "imports:manage", "customers:write")
    assert other.get(IMPORTS).json()["results"] == []
    for path in ("", "/refused"):
        assert other.get(f"{IMPORTS}/{one['id']}{path}").status_code == 404
    assert other.post(f"{IMPORTS}/{one['id']}/start", {}).status_code == 404


def test_the_scope_of_the_resource_is_needed_too(api_client: Any, integration: Any) -> None:
    assert post(api_client(integration, "imports:manage", "customers:read")).status_code == 403
    assert post(api_client(integration, "customers:write")).status_code == 403
    assert not Import.objects.exists()


def test_who_may_not_add_records_has_every_row_refused(api_client: Any, make_user: Any) -> None:
    client = api_client(make_user("Auditor"), "imports:manage", "customers:write")
    assert post(client, "name\nAda\n").status_code == 201
    do_all()
    assert (Import.objects.get().refused, Customer.objects.count()) == (1, 0)


def test_a_disabled_account_imports_nothing(client: Any, integration: Any) -> None:
    post(client)
    integration.is_active = False
    integration.save()
    do_all()
    one = Import.objects.get()
    assert (one.status, one.error, Customer.objects.count()) == ("failed", "The account is disabled.", 0)


def test_a_large_file_is_refused(client: Any, settings: Any) -> None:
    settings.MAX_IMPORT_BYTES = 100
    assert post(client).status_code == 422
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert post(client).status_code == 413


def test_an_import_is_cancelled_before_it_begins_and_started_again(client: Any) -> None:
    one = post(client).json()
    assert client.post(f"{IMPORTS}/{one['id']}/start", {}).status_code == 422
    assert client.post(f"{IMPORTS}/{one['id']}/cancel").json()["status"] == "cancelled"
    assert client.post(f"{IMPORTS}/{one['id']}/cancel").status_code == 422
    do_all()
    assert not Customer.objects.exists()
    assert client.post(f"{IMPORTS}/{one['id']}/start", {"mode": "run"}).status_code == 202
    do_all()
    assert Customer.objects.count() == ROWS


def test_a_repeated_request_uploads_once(client: Any) -> None:
    answers = [post(client, "name\nAda\n", **{"Idempotency-Key": "1"}) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Import.objects.count() == 1


def test_two_workers_at_one_import_do_each_row_once(client: Any) -> None:
    post(client)
    one = Import.objects.select_related("user").get()
    first, second = running.Run(one), running.Run(Import.objects.select_related("user").get())
    with files.of(one) as upload, acting(command="import"):
        lines = list(upload.rows())[:10]
        first.batch(lines)
        with pytest.raises(running.Ended):
            second.batch(lines)
    found = Import.objects.get()
    assert (Customer.objects.count(), found.created, found.unchanged, found.updated) == (10, 10, 0, 0)


def test_a_run_that_was_started_anew_is_not_gone_on_with_in_the_old_way(client: Any) -> None:
    post(client)
    old = running.Run(Import.objects.select_related("user").get())
    one = actions.start(one=actions.cancel(one=Import.objects.get()), mapping={"name": "name"}, is_dry_run=True)
    with files.of(one) as upload, acting(command="import"), pytest.raises(running.Ended):
        old.batch(list(upload.rows())[:10])
    running.end(old.one, Import.Status.DONE)
    found = Import.objects.get()
    assert (Customer.objects.count(), found.created, found.status) == (0, 0, "waiting")


def test_workers_killed_at_random_lose_and_double_nothing(client: Any) -> None:
    post(client)
    for _kill in range(3):
        with process():
            wait_for_more()
        release()
    do_all()
    one = Import.objects.get()
    assert (one.status, one.created, one.unchanged, one.refused) == ("done", ROWS, 0, 0)
    assert Customer.objects.count() == ROWS
    assert Change.objects.filter(action="created").count() == ROWS


def wait_for_more() -> None:
    """Return when another batch has been done."""
    before, deadline = Import.objects.get().lines_done, time.monotonic() + 60
    while Import.objects.get().lines_done == before and Import.objects.get().status != "done":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def release() -> None:
    """Take the job up as housekeeping does, without its half minute of patience."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'")


def test_an_error_of_ours_is_told_and_the_import_can_go_on(client: Any, monkeypatch: Any) -> None:
    post(client, "name\nAda\n")
    with monkeypatch.context() as patched:
        patched.setattr(running.Run, "results", lambda _self, _lines: 1 / 0)
        do_all()
    one = Import.objects.get()
    assert (one.status, one.error) == ("failed", "Something went wrong here; the error is on record.")
    actions.start(one=one, is_dry_run=False)
    do_all()
    assert (Import.objects.get().status, Customer.objects.count()) == ("done", 1)
