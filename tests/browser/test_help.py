"""A reader without scripts, on a phone, in Chinese, searches the pages of help, reads an article, and votes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from service.models import ArticleVote, Category
from tests.browser.layout import fits
from tests.crm.auth.conftest import at
from tests.samples import make
from tests.service.articles import published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS", "")
STEPS = "<p>请先重启打印机。</p><h2>仍然无法连接</h2><ol><li>打开打印机的网络设置。</li><li>选择您的网络。</li></ol>"


@pytest.fixture
def window(chromium: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Return who opens a window without scripts."""
    at(settings, live_server.url)
    contexts = []

    def open_one(language: str, width: int) -> Page:
        options: dict[str, Any] = {"locale": language, "viewport": {"width": width, "height": 844}}
        contexts.append(chromium.new_context(java_script_enabled=False, base_url=live_server.url, **options))
        return contexts[-1].new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def articles(db: None) -> None:
    shelf, other = make(Category, name="设备与网络"), make(Category, name="Devices", position=9)
    summary = "三步恢复打印机的网络连接。"
    published("打印机无法连接网络", STEPS, slug="network-zh", summary=summary, language="zh-Hans", category=shelf)
    published("如何更换墨盒", "打开盖子，取出旧墨盒。", slug="ink-zh", language="zh-Hans", category=shelf)
    published("The printer smokes", "Unplug the printer.", slug="smokes", language="en", category=other)
    published("Change the ink", "Open the lid. " * 30, slug="ink", language="en", category=other)


def shot(page: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_reader_searches_in_chinese(window: Callable[..., Page]) -> None:
    phone = window("zh-CN", 390)
    phone.goto("/help/")
    shot(phone, "help_phone")
    expect(phone.get_by_role("heading", name="设备与网络")).to_be_visible()
    expect(phone.get_by_text("The printer smokes")).to_have_count(0)
    phone.fill("[name=q]", "无法连接")
    phone.click("[role=search] button")
    shot(phone, "help_search_phone")
    expect(phone.locator("mark").first).to_have_text("无法连接")
    phone.get_by_role("link", name="打印机无法连接网络").click()
    expect(phone).to_have_title("打印机无法连接网络")


def test_a_reader_votes_and_changes_their_mind(window: Callable[..., Page]) -> None:
    phone = window("zh-CN", 390)
    phone.goto("/help/network-zh")
    phone.get_by_role("button", name="是", exact=True).click()
    shot(phone, "help_article_phone")
    expect(phone.locator("[role=status]")).to_have_text("谢谢。您可以在此修改您的回答。")
    phone.get_by_role("button", name="否", exact=True).click()
    assert fits(phone)
    assert list(ArticleVote.objects.values_list("article__slug", "is_helpful")) == [("network-zh", False)]


@pytest.mark.parametrize(("language", "width"), [("en-US", 1280), ("zh-CN", 390)])
def test_all_pages_of_help_fit(window: Callable[..., Page], language: str, width: int) -> None:
    page = window(language, width)
    for name, path in {"front": "", "search": "?q=printer", "article": "ink", "missing": "nowhere"}.items():
        page.goto(f"/help/{path}")
        shot(page, f"help_{name}_{width}")
        assert fits(page), path
