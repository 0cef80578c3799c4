"""Whoever knows no more than the host finds a way in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.robotparser import RobotFileParser

import pytest
from django.conf import settings as configured

from tests.staff import colleague

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
LINK = re.compile(r'href="([^"]+)"')


def test_a_stranger_may_sign_in_and_come_back(client: Client) -> None:
    answer = client.get("/", headers=BROWSER)
    links = LINK.findall(answer.text)
    assert {"/admin/", "/help/", "/api/docs", "/docs/", "/account/sign-in?next=/"} <= set(links)
    assert "<h1>Welcome</h1>" in answer.text
    assert {client.get(link, follow=True).status_code for link in links if link.startswith(("/a", "/d", "/h"))} == {200}


def test_who_has_signed_in_reads_who_they_are(client: Client) -> None:
    user = colleague("Sales manager", first_name="Emma", last_name="Fischer")
    client.force_login(user)
    answer = client.get("/", headers=BROWSER)
    assert "<h1>Hello, Emma Fischer</h1>" in answer.text
    assert f"You are signed in as {user.username}." in answer.text
    assert ("/account/sign-in" in answer.text, 'action="/account/sign-out"' in answer.text) == (False, True)
    assert "no-store" in answer.headers["Cache-Control"]


def test_who_is_no_staff_is_not_sent_to_the_staff_site(client: Client) -> None:
    user = colleague()
    user.is_staff = False
    user.save(update_fields=["is_staff"])
    client.force_login(user)
    assert 'href="/admin/"' not in client.get("/", headers=BROWSER).text


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
def test_programs_read_where_everything_is(client: Client, accept: str) -> None:
    answer = client.get("/", headers={"Accept": accept})
    found = answer.json()
    assert found["api"] == f"{configured.BASE_URL}/api/v1"
    paths = [url.removeprefix(configured.BASE_URL) for name, url in found.items() if name != "name"]
    assert [client.get(path, follow=True).status_code for path in paths] == [200] * 8


def test_programs_may_ask_for_xml(client: Client) -> None:
    answer = client.get("/", headers={"Accept": "application/xml"})
    assert answer.headers["Content-Type"] == "application/xml"
    assert f"<api>{configured.BASE_URL}/api/v1</api>" in answer.text


@pytest.mark.parametrize(("accept", "place"), [(BROWSER["Accept"], "/api/docs"), ("application/json", "/api/v1")])
def test_the_api_leads_people_and_programs_on(client: Client, accept: str, place: str) -> None:
    answer = client.get("/api", headers={"Accept": accept}, follow=True)
    assert [url for url, _status in answer.redirect_chain] == ["/api/", place]
    assert answer.status_code == 200


def test_the_account_leads_to_what_it_has(client: Client) -> None:
    assert client.get("/account", follow=True).redirect_chain[-1][0] == "/account/sign-in?next=/account/applications"
    client.force_login(colleague())
    assert client.get("/account", follow=True).redirect_chain[-1] == ("/account/applications", 302)


def test_every_guide_can_be_read(client: Client) -> None:
    answer = client.get("/docs/")
    guides = {link for link in LINK.findall(answer.text) if link.endswith(".md")}
    wanted = {f"/docs/how-to/{path.name}" for path in (configured.BASE_DIR / "docs" / "how-to").glob("*.md")}
    assert wanted | {"/docs/api.md", "/docs/operations.md"} <= guides
    for link in guides:
        page = client.get(link)
        assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert page.text == (configured.BASE_DIR / link.removeprefix("/")).read_text("utf-8")


@pytest.mark.parametrize("name", ["../README.md", "adr/0001-postgresql-writes-the-json.md", "openapi.yaml", "no.md"])
def test_nothing_else_of_the_folder_is_served(client: Client, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404


def test_robots_read_the_pages_of_help_only(client: Client) -> None:
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").text.splitlines())
    asked = ("/help/", "/help/ink", "/", "/admin/", "/api/v1", "/preferences/a", "/m/u/a", "/docs/")
    assert [path for path in asked if robots.can_fetch("Googlebot", path)] == ["/help/", "/help/ink"]


def test_who_finds_a_weakness_learns_whom_to_tell(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = ["mailto:trust@example.com", "https://example.com/report"]
    answer = client.get("/.well-known/security.txt")
    fields = [(name, value) for name, _colon, value in (line.partition(": ") for line in answer.text.splitlines())]
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert fields[:2] == [("Contact", "mailto:trust@example.com"), ("Contact", "https://example.com/report")]
    left = datetime.fromisoformat(dict(fields)["Expires"]) - datetime.now(UTC)
    assert timedelta(days=88) < left < timedelta(days=365)
    assert dict(fields)["Canonical"] == f"{configured.BASE_URL}/.well-known/security.txt"


def test_the_icon_is_where_browsers_look(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/static/crm/favicon.ico")
    content = (configured.BASE_DIR / "crm" / "static" / "crm" / "favicon.ico").read_bytes()
    assert content[:4] == b"\0\0\1\0"
