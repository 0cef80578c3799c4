"""An address with a slash too many or too few leads on, wherever it is; one of nothing is answered readably."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse

from crm.signposts import lead_on
from tests.resources import patterns
from tests.staff import colleague

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SAMPLES = {
    "uuid": str(UUID(int=7)),
    "int": "7",
    "slug": "a-name",
    "str": "a-text",
    "path": "a-path",
}
EITHER = re.compile(
    r"/\?\$|\(\?:|by-external-id|oauth-protected|content_type|\(\?P<"
)  # with and without, or no address
ROUTES = sorted({route for route, item in patterns(get_resolver()) if item.name and not EITHER.search(route)} - {""})


def sample(route: str) -> str:
    """Return an address that a route takes."""
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], route)


def other(address: str) -> str:
    """Return an address with the slash that it lacks, or without the one that it has."""
    return address.removesuffix("/") if address.endswith("/") else f"{address}/"


def test_there_are_addresses_of_every_kind() -> None:
    assert {"help/", "api/v1/customers", "tickets/<str:token>/", "account/sign-in", "admin/sales/lead/"} <= set(ROUTES)
    assert len(ROUTES) > 800


def test_every_address_is_found_with_and_without_a_slash() -> None:
    led = {
        sample(route): lead_on(RequestFactory().get(other(sample(route)), query_params={"a": "1"})) for route in ROUTES
    }
    assert {at: (to.status_code, to.headers["Location"]) for at, to in led.items() if to} == {
        at: (301, f"{at}?a=1") for at in led
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/v1/customers/", f"/api/v1/leads/{UUID(int=7)}/", "/api/v1/tickets/open//", "/forms/a/"]
)
def test_a_change_keeps_its_method(method: str, path: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, f"{path}?format=xml&a=%2F", b"{}")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{path.rstrip('/')}?format=xml&a=%2F")


def test_a_large_file_is_not_refused_before_it_is_led_on(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answers = [Client().generic("POST", path, b"x" * 100) for path in ("/api/v1/imports/", "/api/v1/attachments/")]
    assert [answer.headers["Location"] for answer in answers] == ["/api/v1/imports", "/api/v1/attachments"]


def test_a_name_elsewhere_may_end_with_a_slash(api_client: Any, integration: Any) -> None:
    client = api_client(integration, "customers:read", "customers:write")
    assert client.put("/api/v1/customers/by-external-id/erp/A/", {"name": "A"}).status_code == 201
    assert client.get("/api/v1/customers/by-external-id/erp/A/").json()["external_references"][0]["external_id"] == "A/"
    assert client.get("/api/v1/customers/by-external-id/erp/A").status_code == 404


@pytest.mark.parametrize("path", ["//evil.example/help", "///", "/help/no/such", "/nothing/", "/admin//evil"])
def test_nobody_is_led_to_another_place(client: Client, path: str) -> None:
    client.force_login(colleague("Administrator"))
    assert client.get("/", PATH_INFO=path).status_code == 404


def test_an_address_that_is_led_on_stays_on_this_site() -> None:
    request = RequestFactory().get("/", PATH_INFO="/help/a//", QUERY_STRING="q=//evil.example&%0d%0aSet-Cookie:a")
    assert lead_on(request).headers["Location"] == "/help/a?q=//evil.example&%0d%0aSet-Cookie:a"  # type: ignore[union-attr]


def test_staff_are_led_on_behind_the_sign_in(client: Client) -> None:
    client.force_login(colleague("Administrator"))
    answer = client.get("/admin/customers/customer?q=a")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/admin/customers/customer/?q=a")


@pytest.mark.parametrize("is_development", [True, False])
@pytest.mark.parametrize("path", ["/nothing", "/admin/nothing/", "/files/nothing", "/api/nothing", "/docs/nothing.md"])
def test_people_read_a_page_of_the_house(client: Client, settings: Any, path: str, is_development: bool) -> None:  # noqa: FBT001 -- pytest passes it by name
    settings.DEBUG = is_development
    client.force_login(colleague("Administrator"))
    answer = client.get(path, headers={**BROWSER, "Accept-Language": "zh-hans"})
    assert answer.status_code == 404
    assert "<h1>页面不存在</h1>" in answer.text
    assert f'<a href="{reverse("start")}">返回首页</a>' in answer.text
    assert "urlpatterns" not in answer.text


@pytest.mark.parametrize("is_development", [True, False])
@pytest.mark.parametrize(
    ("accept", "kind"), [("*/*", "json"), ("application/json", "json"), ("application/xml", "xml")]
)
def test_programs_read_a_problem(client: Client, settings: Any, is_development: bool, accept: str, kind: str) -> None:  # noqa: FBT001 -- pytest passes it by name
    settings.DEBUG = is_development
    answer = client.get("/nothing", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, f"application/problem+{kind}")
    assert "Accept" in answer.headers["Vary"]


def test_a_browser_reads_a_problem_of_the_api_itself(client: Client) -> None:
    answer = client.get("/api/v1/nothing", headers=BROWSER)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+xml")


def test_only_what_answers_for_nothing_has_no_name() -> None:
    nameless = {route for route, item in patterns(get_resolver()) if not item.name}
    assert {route for route in nameless if "<path:object_id>/" not in route} == {
        "admin/(?P<url>.*)$",
        "api/",
        "help/<path:rest>",
    }


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/?except=worker", "/metrics/"])
def test_machines_are_answered_with_a_slash_too(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200
