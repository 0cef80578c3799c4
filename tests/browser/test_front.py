"""Somebody types what people type, without slashes and documentation, and gets where they wanted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.layout import fits
from tests.crm.auth.conftest import at
from tests.staff import PASSWORD, colleague

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS", "")
TYPED = {
    "": ("/", "Welcome"),
    "/admin": ("/admin/login/?next=/admin/", ""),
    "/help": ("/help/", "Help"),
    "/docs": ("/docs/", "Documentation"),
    "/account": ("/account/sign-in?next=/account/applications", "Sign in"),
    "/account/sign-in/": ("/account/sign-in", "Sign in"),
    "/nothing": ("/nothing", "This page does not exist"),
    "/admin?next=a": ("/admin/login/?next=/admin/%3Fnext%3Da", ""),
}


@pytest.fixture
def window(chromium: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Return who opens a window."""
    at(settings, live_server.url)
    contexts = []

    def open_one(language: str = "en-US", width: int = 1440) -> Page:
        options: dict[str, Any] = {"locale": language, "viewport": {"width": width, "height": 844}}
        contexts.append(chromium.new_context(base_url=live_server.url, **options))
        return contexts[-1].new_page()

    yield open_one
    for context in contexts:
        context.close()


def shot(page: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize("is_development", [True, False])
def test_what_people_type_leads_somewhere(
    window: Callable[..., Page],
    live_server: Any,
    settings: Any,
    is_development: bool,  # noqa: FBT001 -- pytest passes it by name
) -> None:
    settings.DEBUG = is_development
    page = window()
    for typed, (place, title) in TYPED.items():
        page.goto(f"{live_server.url}{typed}")
        assert page.url == f"{live_server.url}{place}"
        if title:
            expect(page.locator("h1")).to_have_text(title)


@pytest.mark.parametrize("typed", ["/api", "/api/", "/api/docs/"])
def test_the_api_is_read_by_who_types_it(window: Callable[..., Page], live_server: Any, typed: str) -> None:
    page = window()
    page.goto(typed)
    assert page.url == f"{live_server.url}/api/docs"
    expect(page.get_by_role("heading", level=1)).to_contain_text("CRM 1.0.0", timeout=60_000)  # a large document


@pytest.mark.parametrize("typed", ["/favicon.ico", "/robots.txt", "/.well-known/security.txt", "/api/v1", "/api/v1/"])
def test_what_programs_ask_for_is_there(window: Callable[..., Page], typed: str) -> None:
    answer = window().goto(typed)
    assert answer
    assert answer.status == 200


def test_somebody_signs_in_from_the_start_page_and_out_again(window: Callable[..., Page], live_server: Any) -> None:
    page, user = window(), colleague("Administrator", first_name="Emma")
    page.goto("/")
    page.get_by_role("link", name="Sign in").click()
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Hello, Emma")
    assert page.url == f"{live_server.url}/"
    shot(page, "start-signed-in")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/")
    expect(page.locator("h1")).to_have_text("Welcome")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(("language", "welcome"), [("en-US", "Welcome"), ("zh-CN", "欢迎")])
def test_the_first_pages_fit_every_window(window: Callable[..., Page], language: str, welcome: str, width: int) -> None:
    page = window(language, width)
    for name, path in {"documentation": "/docs", "missing": "/nothing/at/all", "start": "/"}.items():
        page.goto(path)
        assert fits(page), path
        shot(page, f"{name}-{language}-{width}")
    expect(page.locator("h1")).to_have_text(welcome)
