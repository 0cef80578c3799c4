"""What no client should send: each a clear problem, nothing written, and never a failure of ours."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from customers.models import Customer
from tests.refusals import CUSTOMERS, refusal
from tests.samples import make

pytestmark = pytest.mark.django_db
MERGE_PATCH = "application/merge-patch+json"
BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><customer><name>&d;</name></customer>"""
FILE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><customer><name>&b;</name></customer>'
OUTSIDE = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><customer><name>A</name></customer>'


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"name": "A"',
        b"{'name': 'A'}",
        b'{"name": "A",}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"name": "A"}x',
        b'{"name": "\\ud800"}',
        b'{"name": "a\x00b"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_not_json_is_malformed(client: Any, body: bytes) -> None:
    problem = refusal(client.post(CUSTOMERS, body), 400)
    assert problem["type"].endswith("#malformed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<customer>",
        b"<customer><name>A</customer>",
        b"<customer><name>\xff</name></customer>",
        b"<customer><name>&undefined;</name></customer>",
        b"<customer><name>&#0;</name></customer>",
        b'<customer><duration type="number">ten</duration></customer>',
        b"<customer><name>A</name><name>B</name></customer>",
        b"<a>" * 5000 + b"</a>" * 5000,
        b'<?xml version="1.0" encoding="no-such"?><customer/>',
        b"<customer>Ada</customer>",
        b"<customer><name>Ada</name>Eve</customer>",
        BOMB,
        FILE,
        OUTSIDE,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_not_plain_xml_is_malformed(client: Any, body: bytes) -> None:
    problem = refusal(client.post(CUSTOMERS, body, content_type="application/xml"), 400)
    assert problem["type"].endswith("#malformed")
    assert len(problem["detail"]) < 300


@pytest.mark.parametrize("body", ["null", "1", '"text"', "[]", "[{}]", "true"])
def test_a_body_that_is_no_object_is_refused(client: Any, body: str) -> None:
    refusal(client.post(CUSTOMERS, body), 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("name", True),
        ("name", ["A"]),
        ("name", {"first": "A"}),
        ("name", None),
        ("name", "a\u0000b"),
        ("name", "a\u001bb"),
        ("name", "a" * 201),
        ("kind", "robot"),
        ("kind", ["person"]),
        ("kind", {}),
        ("is_active", "true"),
        ("is_active", 1),
        ("email", "nobody"),
        ("email", "a@b@c.example"),
        ("website", "javascript:alert(1)"),
        ("country", "us"),
        ("organization", "1"),
        ("organization", 1),
        ("organization", {}),
        ("owner", True),
        ("custom", []),
        ("custom", "x"),
        ("external_references", {}),
        ("external_references", ["A"]),
        ("external_references", [{"system": "erp"}]),
        ("external_references", [{"system": "e r p", "external_id": "A"}]),
        ("external_references", [{"system": "erp", "external_id": "A", "more": 1}]),
        ("external_references", [{"system": "erp", "external_id": 1}]),
        ("no_such", 1),
        ("", 1),
        ("created_at", "2026-01-01T00:00:00Z"),
        ("id", "00000000-0000-7000-8000-000000000001"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_where_it_stands(client: Any, field: str, value: Any) -> None:
    problem = refusal(client.post(CUSTOMERS, {"name": "A", field: value}), 400)
    assert problem["errors"][0]["pointer"].startswith(f"/{field}")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 30, "1" * 5000, "2147483648", "-1", "1.5", '"9"'])
def test_a_number_that_is_none_for_us_is_refused(client: Any, integration: Any, number: str) -> None:
    customer = make(Customer, owner=integration)
    body = f'{{"customer": "{customer.pk}", "kind": "call", "subject": "A", "duration": {number}}}'
    answer = client.post("/api/v1/interactions", body)
    assert answer.status_code == 400, answer.content
    assert not customer.interactions.exists()


@pytest.mark.parametrize(
    "moment",
    [
        "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "0000-01-01T00:00:00Z",
        "yesterday",
        "",
        1,
    ],
)
def test_a_moment_that_never_was_is_refused(client: Any, integration: Any, moment: Any) -> None:
    customer = make(Customer, owner=integration)
    body = {"customer": str(customer.pk), "kind": "call", "subject": "A", "occurred_at": moment}
    answer = client.post("/api/v1/interactions", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"] == "/occurred_at"
    assert not customer.interactions.exists()


@pytest.mark.parametrize("value", ["abc", '"', 'W/"a', '"a" "b"', "*,*", "a" * 600])
def test_a_version_that_is_none_is_refused(client: Any, integration: Any, value: str) -> None:
    record = make(Customer, owner=integration)
    for call in (client.patch, client.put, client.delete):
        answer = call(f"{CUSTOMERS}/{record.pk}", {"name": "B"}, headers={"If-Match": value})
        assert answer.status_code == 400, answer.content
    assert Customer.objects.get().name == record.name


def test_a_reference_to_what_is_not_there_is_refused(client: Any) -> None:
    problem = refusal(client.post(CUSTOMERS, {"name": "A", "organization": str(uuid4())}), 422)
    assert [(item["pointer"], item["code"]) for item in problem["errors"]] == [("/organization", "does_not_exist")]


def test_another_teams_record_cannot_be_named(api_client: Any, make_user: Any, make_team: Any) -> None:
    company = make(Customer, kind="organization", owner=make_user(), team=make_team())
    seller = make_user("Sales representative", team=make_team())
    client = api_client(seller, "customers:read", "customers:write")
    answer = client.post(CUSTOMERS, {"name": "A", "organization": str(company.pk)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "does_not_exist")
    for call in (client.get, client.put, client.patch):
        assert call(f"{CUSTOMERS}/{company.pk}").status_code == 404
    assert Customer.objects.count() == 1


def test_a_body_over_the_limit_is_too_large(client: Any, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    problem = refusal(client.post(CUSTOMERS, json.dumps({"name": "A", "description": "a" * 1000})), 413)
    assert problem["type"].endswith("#too_large")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "a", ""]
)
def test_a_body_of_another_kind_is_unsupported(client: Any, media_type: str) -> None:
    refusal(client.post(CUSTOMERS, b"name=A", content_type=media_type), 415)


@pytest.mark.parametrize(
    ("accept", "query"), [("image/png", ""), ("text/csv", ""), ("*/*", "?format=csv"), ("*/*", "?format=pdf")]
)
def test_an_answer_that_cannot_be_written_is_refused(client: Any, integration: Any, accept: str, query: str) -> None:
    record = make(Customer, owner=integration)
    answer = client.get(f"{CUSTOMERS}/{record.pk}{query}", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/problem+json")


def test_a_method_that_there_is_not_names_those_that_there_are(client: Any) -> None:
    answer = client.delete(CUSTOMERS)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert client.options(CUSTOMERS).status_code == 204


def test_null_in_a_patch_gives_a_field_its_default_again(client: Any, integration: Any) -> None:
    record = make(Customer, owner=integration, job_title="Buyer", lifecycle="customer", custom={})
    body = {"job_title": None, "lifecycle": None, "custom": None, "external_references": None}
    answer = client.patch(f"{CUSTOMERS}/{record.pk}", body, content_type=MERGE_PATCH)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["job_title"], answer.json()["lifecycle"]) == ("", "lead")
