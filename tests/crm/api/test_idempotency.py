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

import psycopg
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test.client import encode_multipart
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from crm.api.idempotency import forget_old_keys, is_lasting
from crm.models import IdempotencyKey, Import
from crm.secrets import unseal
from customers.models import Customer
from tests.crm.test_outages import plain
from tests.staff import PASSWORD
from tests.webhooks.programs import let_in, program

MERGE_PATCH = "application/merge-patch+json"
PATH = "/api/v1/customers"
ELSEWHERE = f"{PATH}/by-external-id/erp"
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
def test_keys_of_others_are_others(client: Any, api_client: Any, make_user: Any, integration: Any) -> None:
    """Of another person, and of another program of the same person."""
    scopes = ("customers:read", "customers:write")
    others = [api_client(make_user("Integration"), *scopes), let_in(program("Other"), integration, *scopes)]
    ids = [one.post(PATH, {"name": "Ada"}, headers=ONCE).json()["id"] for one in (client, *others) for _time in "12"]
    assert [ids[0::2], len(set(ids)), Customer.objects.count()] == [ids[1::2], 3, 3]


@pytest.mark.django_db
def test_each_key_is_one(client: Any) -> None:
    """Bare or in quotation marks, it is the same; in other capitals it is another."""
    for key in ("order-1", '"order-1"', "Order-1", "order-2", " order-1 "):
        assert client.post(PATH, {"name": "Ada"}, headers={"Idempotency-Key": key}).status_code == 201
    assert sorted(IdempotencyKey.objects.values_list("key", flat=True)) == ["Order-1", "order-1", "order-2"]
    assert Customer.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("length", [1, 255])
def test_a_key_has_1_to_255_characters(client: Any, length: int) -> None:
    answers = [client.post(PATH, {"name": "Ada"}, headers={"Idempotency-Key": "~" * length}) for _time in range(2)]
    assert [one.headers.get("Idempotency-Replayed") for one in answers] == [None, "true"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "query", "name", "kind"),
    [
        ("patch", "?fields=id", "Ada", MERGE_PATCH),
        ("patch", "", "Eve", MERGE_PATCH),
        ("patch", "", "Ada", "application/json"),
        ("delete", "", "Ada", MERGE_PATCH),
    ],
)
def test_a_key_is_for_one_request_alone(client: Any, verb: str, query: str, name: str, kind: str) -> None:
    """Another query, body, media type or method is another request."""
    address = f"{PATH}/{Customer.objects.create(name='Bob').pk}"
    assert client.patch(address, {"name": "Ada"}, MERGE_PATCH, headers=ONCE).status_code == 200
    answer = getattr(client, verb)(f"{address}{query}", {"name": name}, content_type=kind, headers=ONCE)
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (422, "rule_broken")
    assert Customer.objects.get().name == "Ada"


@pytest.mark.django_db
def test_the_same_body_sent_elsewhere_is_another_request(client: Any) -> None:
    codes = [client.put(f"{ELSEWHERE}/{one}", {"name": "Ada"}, headers=ONCE).status_code for one in ("A-1", "A-2")]
    assert codes == [201, 422]
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_what_only_reads_is_answered_anew(client: Any) -> None:
    before = client.get(PATH, headers=ONCE).json()["results"]
    Customer.objects.create(name="Ada")
    after = client.get(PATH, headers=ONCE).json()["results"]
    assert (len(before), len(after), IdempotencyKey.objects.count()) == (0, 1, 0)


@pytest.mark.django_db
def test_a_sign_in_with_a_key_is_one_each_time(client_without_token: Any, make_user: Any) -> None:
    user = make_user(password=PASSWORD)
    said = {"username": user.username, "password": PASSWORD}
    answers = [client_without_token.post("/api/v1/auth/token", said, headers=ONCE) for _time in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json()["refresh_token"] != answers[1].json()["refresh_token"]
    assert client_without_token.post(PATH, {"name": "Ada"}, headers=ONCE).status_code == 401
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["put", "patch", "delete"])
def test_a_method_that_there_is_not_stays_so(client: Any, verb: str) -> None:
    assert getattr(client, verb)(PATH, {"name": "Ada"}, headers=ONCE).status_code == 405
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_one_runs_the_same_request_is_told_to_wait(client: Any, integration: Any) -> None:
    name = f"idempotency {integration.pk} crm order-1"
    with psycopg.connect(**plain()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        answer = client.post(PATH, {"name": "Ada"}, headers=ONCE)
        assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
        assert (Customer.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
        assert client.post(PATH, {"name": "Ada"}, headers={"Idempotency-Key": "order-2"}).status_code == 201
    assert client.post(PATH, {"name": "Ada"}, headers=ONCE).status_code == 201


@pytest.mark.parametrize(
    ("code", "is_kept"),
    [
        *[(code, True) for code in (200, 201, 204, 400, 403, 404, 412, 422, 499)],
        *[(code, False) for code in (409, 429, 500, 501, 503, 599)],
    ],
)
def test_only_an_answer_that_another_try_would_get_too_is_kept(code: int, *, is_kept: bool) -> None:
    assert is_lasting(HttpResponse(status=code)) is is_kept
    assert is_lasting(StreamingHttpResponse([], status=code)) is False


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
    known = IdempotencyKey.objects.get()
    assert b"Ada" not in bytes(known.body)
    assert b"Ada" in unseal(bytes(known.body))


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

    def send(boundary: str, filename: str = "a.csv", text: bytes = b"name\nAda\n", mode: str = "preview") -> Any:
        parts = {"resource": "customers", "mode": mode, "file": SimpleUploadedFile(filename, text)}
        kind = f"multipart/form-data; boundary={boundary}"
        return client.generic("POST", "/api/v1/imports", encode_multipart(boundary, parts), kind, headers=ONCE)

    first, second = send("one"), send("two")
    others = [send("one", "b.csv"), send("one", text=b"name\nEve\n"), send("one", mode="dry_run")]
    assert [one.status_code for one in (first, second, *others)] == [201, 201, 422, 422, 422]
    assert (second.json()["id"], second["Idempotency-Replayed"]) == (first.json()["id"], "true")
    assert Import.objects.count() == 1
