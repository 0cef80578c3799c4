"""The preferences page in a browser: without scripts, on a phone, in the customer's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from customers.models import Customer, Purpose
from customers.preferences import link_for
from tests.crm.auth.conftest import at
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.django_db(transaction=True)]
WORDS = {
    "channel": "email",
    "label": "News by e-mail",
    "label_zh": "电子邮件资讯",
    "description": "We may send you offers and news about our products by e-mail.",
    "description_zh": "我们可以通过电子邮件向您发送产品优惠和资讯。",
}


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-US", java_script_enabled=False, viewport={"width": 390, "height": 844})
    faults: list[str] = []
    page = context.new_page()
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def link(live_server: Any, settings: Any) -> str:
    at(settings, live_server.url)
    Purpose.objects.get_or_create(name="marketing_email", defaults=WORDS)
    return link_for(make(Customer, email="ada@lovelace.example", language="zh-Hans"))


def is_too_wide(page: Page) -> bool:
    card = page.locator("main.card").bounding_box()
    return card is None or card["width"] > 390


def test_a_customer_decides_on_a_phone(phone: Page, link: str) -> None:
    phone.goto(link)
    assert phone.locator("h1").inner_text() == "您的偏好"
    assert not is_too_wide(phone)
    phone.check("#id_marketing_email")
    phone.click("button.primary")
    assert phone.locator("[role=status]").inner_text() == "已保存，谢谢。"
    assert Customer.objects.consenting("marketing_email").count() == 1
    phone.click("button[lang=en]")
    assert phone.locator("h1").inner_text() == "Your preferences"
    assert phone.is_checked("#id_marketing_email")
    phone.click("button[name=withdraw]")
    assert not phone.is_checked("#id_marketing_email")
    assert Customer.objects.consenting("marketing_email").count() == 0
