"""Signing in to another program through the CRM's own pages, in a browser that holds them to their policies."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session

from crm.models import Application
from tests.crm.auth.conftest import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.django_db(transaction=True)]
PASSWORD = "correct-horse-battery"
SECRET = "a-secret-that-only-the-tests-know"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"


class Program(BaseHTTPRequestHandler):
    """The other program: it says that it got an answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<link rel="icon" href="data:,">The program has been answered.')

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def callback() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Program)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


@pytest.fixture
def program(db: None, callback: str) -> Application:
    made: Application = Application.objects.create(
        name="Spreadsheet",
        authorization_grant_type="authorization-code",
        client_type="confidential",
        client_secret=SECRET,
        redirect_uris=callback,
    )
    return made


@pytest.fixture
def server(live_server: Any, settings: Any) -> str:
    at(settings, live_server.url)
    return str(live_server.url)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-US")
    faults: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def session(program: Application, callback: str, monkeypatch: pytest.MonkeyPatch) -> OAuth2Session:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    scope = "customers:read directory:read"
    return OAuth2Session(program.client_id, SECRET, scope=scope, redirect_uri=callback, code_challenge_method="S256")


def sign_in(page: Page, name: str) -> None:
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")


READS = ["See customers, their addresses and the history with them", "See the names of colleagues and teams"]


def who_am_i(server: str, token: dict[str, Any]) -> requests.Response:
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return requests.get(f"{server}/api/v1/me", headers=headers, timeout=60)


def test_somebody_who_is_no_staff_lets_a_program_in_and_out_again(
    server: str, page: Page, session: OAuth2Session, make_user: Any, callback: str
) -> None:
    user = make_user("Sales manager", password=PASSWORD, first_name="Ann", last_name="Lee")
    url, _state = session.create_authorization_url(f"{server}/o/authorize", code_verifier=VERIFIER)
    page.goto(url)
    sign_in(page, user.username)
    assert page.locator("h1").inner_text() == "Let Spreadsheet in?"
    assert page.locator("li").all_inner_texts() == READS
    page.click("button.primary")
    page.wait_for_url(f"{callback}**")
    token = session.fetch_token(f"{server}/o/token", authorization_response=page.url, code_verifier=VERIFIER)
    assert who_am_i(server, token).json()["name"] == "Ann Lee"
    page.goto(f"{server}/account/applications")
    page.click("article button")
    assert page.locator("article").count() == 0
    assert who_am_i(server, token).status_code == 401


def test_whoever_refuses_returns_with_the_refusal(
    server: str, page: Page, session: OAuth2Session, make_user: Any, callback: str
) -> None:
    user = make_user(password=PASSWORD)
    page.goto(session.create_authorization_url(f"{server}/o/authorize", code_verifier=VERIFIER)[0])
    sign_in(page, user.username)
    page.click("button:not(.primary) >> text=Refuse")
    page.wait_for_url(f"{callback}**")
    assert "error=access_denied" in page.url


def test_the_consent_page_speaks_chinese(server: str, page: Page, session: OAuth2Session, make_user: Any) -> None:
    user = make_user(password=PASSWORD)
    page.goto(session.create_authorization_url(f"{server}/o/authorize", code_verifier=VERIFIER)[0])
    sign_in(page, user.username)
    page.click(".languages [value=zh-hans]")
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    assert page.locator("button.primary").inner_text() == "允许"
    assert page.locator("li").first.inner_text() == "查看客户、客户地址以及互动历史"


@pytest.mark.parametrize("target", ["https://attacker.example/", "//attacker.example", "javascript:alert(1)"])
def test_a_sign_in_leads_nowhere_else(server: str, page: Page, make_user: Any, target: str) -> None:
    user = make_user(password=PASSWORD)
    page.goto(f"{server}/account/sign-in?next={target}")
    sign_in(page, user.username)
    page.wait_for_url(f"{server}/account/applications")
