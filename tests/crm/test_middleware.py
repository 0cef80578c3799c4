from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from crm.middleware import refuse_large_bodies

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

    from crm.models import User

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def test_a_request_without_an_id_gets_a_new_one(client: Client) -> None:
    assert UUID(client.get("/api/nothing")["X-Request-ID"]).version == 7


def test_a_request_keeps_the_id_that_it_brings(client: Client) -> None:
    answer = client.get("/api/nothing", headers={"x-request-id": "order-4711"})
    assert (answer["X-Request-ID"], answer.json()["request_id"]) == ("order-4711", "order-4711")


@pytest.mark.parametrize("offered", ["", "x" * 129, "a b", "a\r\nSet-Cookie: b=c", "<script>", "é"])
def test_an_id_that_could_do_harm_is_replaced(client: Client, offered: str) -> None:
    answer = client.get("/api/nothing", headers={"x-request-id": offered})
    assert UUID(answer["X-Request-ID"]).version == 7


def test_the_access_log_has_one_line_without_the_query(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "crm.access"):
        client.get("/api/nothing?code=secret")
    lines = [record for record in caplog.records if record.name == "crm.access"]
    assert [line.getMessage() for line in lines] == ["GET /api/nothing 404"]
    assert vars(lines[0])["milliseconds"] > 0


@pytest.mark.django_db
def test_the_access_log_names_the_user(
    client: Client, caplog: pytest.LogCaptureFixture, make_user: Callable[..., User]
) -> None:
    user = make_user("Auditor", is_staff=True)
    client.force_login(user)
    with caplog.at_level(logging.INFO, "crm.access"):
        client.get("/admin/")
    assert vars(caplog.records[-1])["user"] == str(user.pk)


def test_machines_questions_do_not_fill_the_access_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/healthz")
    assert caplog.records == []


def test_a_body_is_refused_by_its_announced_size(client: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = client.post("/api/v1/customers", "x" * 11, content_type="application/json")
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("#too_large")


def test_a_body_of_the_greatest_size_is_read(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    request = RequestFactory().post("/", "x" * 10, content_type="application/json")
    answer = refuse_large_bodies(lambda request: HttpResponse(request.body))(request)
    assert answer.status_code == 200


def test_the_size_may_have_any_number_of_digits(client: Client) -> None:
    answer = client.post("/api/v1/customers", "{}", content_type="application/json", CONTENT_LENGTH="9" * 5000)
    assert answer.status_code == 413


def test_every_answer_forbids_browsers_what_it_does_not_need(client: Client) -> None:
    answer = client.get("/api/nothing")
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Permissions-Policy"].startswith("camera=(), ")


@pytest.mark.django_db
def test_the_staff_site_may_evaluate_its_markup_but_run_no_script_of_others(client: Client) -> None:
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval';" in policy


def test_answers_for_a_caller_are_not_kept_by_caches(client: Client) -> None:
    answer = client.get("/api/nothing", headers={"authorization": "Bearer x"})
    assert answer["Cache-Control"] == "no-store"


def signed_addresses() -> list[str]:
    """Return an address of every page that a signed link opens."""
    found = (str(one.pattern) for one in get_resolver().url_patterns if isinstance(one, URLPattern))
    more = (
        f"{above.pattern}{one.pattern}"
        for above in get_resolver().url_patterns
        if isinstance(above, URLResolver)
        for one in above.url_patterns
    )
    return [f"/{one}".replace("<str:token>", "opens:it") for one in {*found, *more} if "<str:token>" in one]


@pytest.mark.django_db
def test_no_signed_link_is_in_a_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    addresses = [*signed_addresses(), "/m/u/opens:it/", "/preferences/opens:it/more"]
    assert {"/m/u/opens:it", "/m/c/opens:it", "/tickets/opens:it/", "/files/opens:it"} <= {*addresses}
    with caplog.at_level(logging.INFO):
        for address in addresses:
            client.get(address.replace("<str:file>", "opens:it"))
    assert [text for text in (record.getMessage() for record in caplog.records) if "opens:it" in text] == []
