"""Swagger UI and ReDoc in a real browser, under the strict policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120_000  # ReDoc builds all of the page at once, here beside other tests


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc"])
def test_the_document_is_shown_without_a_complaint(chromium: Browser, live_server: Any, path: str) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page = chromium.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(live_server.url + path, wait_until="networkidle")
    page.get_by_text("People and organizations that the company deals with").first.wait_for(timeout=PATIENCE)
    page.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:", "blob:"))] == []
