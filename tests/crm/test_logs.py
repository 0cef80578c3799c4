from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from crm.logs import JSONFormatter, LineFormatter, redacted, use_request_id

TOKEN = "eyJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJl"
PLANTED = [
    ("Authorization: Bearer opaque-token-1", "Authorization: Bearer [removed]"),
    ("authorization: basic dXNlcjpwYXNz", "authorization: basic [removed]"),
    (f"refused {TOKEN} as expired", "refused [removed] as expired"),
    ("/cb?code=SplxlOBeZQQ&state=af0", "/cb?code=[removed]&state=af0"),
    ("client_secret=gX1fBat3bV&grant_type=x", "client_secret=[removed]&grant_type=x"),
    ('{"refresh_token": "tGzv3JOkF0XG5Qx2"}', '{"refresh_token": "[removed]"}'),
    ("{'password': 'correct horse'}", "{'password': '[removed]'}"),
    ("code_verifier=dBjftJeZ4CVP", "code_verifier=[removed]"),
    ("Cookie: sessionid=abc", "Cookie: [removed]"),
    ("postgresql://crm:hunter2@db/crm", "postgresql://crm:[removed]@db/crm"),
]
HARMLESS = ["status code: 500", "the token expired", "GET /api/v1/customers 200", "code=", "no secret here"]


def line(message: str, *values: object, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord("crm.test", logging.INFO, __file__, 1, message, values, None)
    vars(record).update(extra)
    return record


@pytest.mark.parametrize(("text", "expected"), PLANTED)
def test_a_secret_is_removed_wherever_it_stands(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_a_json_line_has_its_time_level_message_and_the_requests_id() -> None:
    use_request_id("order-4711")
    found = json.loads(JSONFormatter().format(line("%s came", "Ada", status=200)))
    assert found.pop("time").endswith("+00:00")
    expected = {"level": "info", "logger": "crm.test", "message": "Ada came", "request_id": "order-4711"}
    assert found == {**expected, "status": 200}


def test_a_json_line_hides_details_with_secret_names() -> None:
    found = json.loads(JSONFormatter().format(line("x", access_token="abc", note=f"got {TOKEN}")))
    assert (found["access_token"], found["note"]) == ("[removed]", "got [removed]")


def test_a_traceback_shows_no_secret() -> None:
    record = line("failed")
    try:
        raise ValueError(f"Bearer {TOKEN}")
    except ValueError:
        record.exc_info = sys.exc_info()
    for formatter in (JSONFormatter(), LineFormatter()):
        text = formatter.format(record)
        assert "ValueError: Bearer [removed]" in text
        assert TOKEN not in text


def test_a_line_for_people_begins_with_time_and_level() -> None:
    use_request_id("order-4711")
    assert LineFormatter().format(line("Ada came"))[8:] == " info    Ada came order-4711"
