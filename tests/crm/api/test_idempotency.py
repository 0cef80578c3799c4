"""Requests that are sent again: at the same time, by others, after a crash."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import encode_multipart
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from crm.api.idempotency import forget_old_keys
from crm.models import IdempotencyKey, Import
from customers.models import Customer

PATH = "/api/v1/customers"
ONCE = {"Idempotency-Key": "order-1"}
KILLED = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from tests.clients import JSONClient
settings.MIDDLEWARE.insert(0, "tests.killing.after_the_view")
client = JSONClient(headers={"Authorization": f"Bearer {sys.argv[1]}"})
client.post(sys.argv[2], {"name": "Ada"}, headers={"Idempotency-Key": "order-1"})
"""


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_takes_effect(client: Any) -> None:
    together = Barrier(8)

    def send(_number: int) -> int:
        together.wait()
        try:
            return int(client.post(PATH, {"name": "Ada"}, headers=ONCE).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = set(threads.map(send, range(8)))
    assert 201 in codes <= {201, 409}
    assert Customer.objects.count() == 1
    assert client.post(PATH, {"name": "Ada"}, headers=ONCE).headers["Idempotency-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_effect_and_answer_loses_and_doubles_nothing(
    client: Any, integration: Any, token_for: Any
) -> None:
    known = connection.get_connection_params()
    url = make_conninfo(**{key: known[key] for key in ("host", "port", "user", "password", "dbname") if known.get(key)})
    token = token_for(integration, "customers:read", "customers:write")
    command = [sys.executable, "-c", KILLED, token, PATH]
    process = subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, cwd=settings.BASE_DIR, check=False)  # noqa: S603 -- ours
    assert process.returncode == -signal.SIGKILL
    assert Customer.objects.count() == 1
    answer = client.post(PATH, {"name": "Ada"}, headers=ONCE)
    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (201, "true")
    assert answer.json()["id"] == str(Customer.objects.get().pk)


@pytest.mark.django_db
def test_keys_of_others_are_others(client: Any, api_client: Any, make_user: Any) -> None:
    other = api_client(make_user("Integration"), "customers:read", "customers:write")
    ids = {one.post(PATH, {"name": "Ada"}, headers=ONCE).json()["id"] for one in (client, other)}
    assert len(ids) == 2


@pytest.mark.django_db
def test_the_same_request_with_another_query_or_media_type_is_another(client: Any) -> None:
    client.post(PATH, {"name": "Ada"}, headers=ONCE)
    assert client.post(f"{PATH}?fields=id", {"name": "Ada"}, headers=ONCE).status_code == 422
    assert client.put(PATH, {"name": "Ada"}, headers=ONCE).status_code in {405, 422}


@pytest.mark.django_db
def test_a_conflict_is_tried_anew(client: Any) -> None:
    firm = Customer.objects.create(name="Firm", kind="organization")
    person = Customer.objects.create(name="Ada", organization=firm)
    assert client.delete(f"{PATH}/{firm.pk}", headers=ONCE).status_code == 409
    person.delete()
    assert client.delete(f"{PATH}/{firm.pk}", headers=ONCE).status_code == 204


@pytest.mark.django_db
def test_after_a_day_a_key_is_new(client: Any) -> None:
    client.post(PATH, {"name": "Ada"}, headers=ONCE)
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25))
    client.post(PATH, {"name": "Ada"}, headers=ONCE)
    assert Customer.objects.count() == 2
    IdempotencyKey.objects.update(created_at=timezone.now() - datetime.timedelta(hours=25))
    forget_old_keys()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_what_is_kept_cannot_be_read_in_the_database(client: Any) -> None:
    client.post(PATH, {"name": "Ada"}, headers=ONCE)
    assert b"Ada" not in bytes(IdempotencyKey.objects.get().body)


@pytest.mark.django_db
def test_without_a_key_nothing_is_asked_or_kept(client: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.post(PATH, {"name": "Ada"})
    assert not any("idempotency" in query["sql"] for query in queries)
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
def test_a_form_is_the_same_with_another_boundary_and_another_with_another_file(
    api_client: Any, integration: Any
) -> None:
    client = api_client(integration, "imports:manage", "customers:write")

    def send(boundary: str, filename: str = "a.csv") -> Any:
        parts = {"resource": "customers", "mode": "preview", "file": SimpleUploadedFile(filename, b"name\nAda\n")}
        kind = f"multipart/form-data; boundary={boundary}"
        return client.generic("POST", "/api/v1/imports", encode_multipart(boundary, parts), kind, headers=ONCE)

    first, second, third = send("one"), send("two"), send("one", "b.csv")
    assert (first.status_code, second.status_code, third.status_code) == (201, 201, 422)
    assert (second.json()["id"], second["Idempotency-Replayed"]) == (first.json()["id"], "true")
    assert Import.objects.count() == 1
