"""A customer answers on the page of their ticket, without scripts, on a phone, and an agent sees it at the desk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from service import actions
from service.links import link_for
from service.models import Queue, SurveyAnswer, Ticket
from tests.browser.layout import fits
from tests.crm.auth.conftest import at
from tests.staff import colleague, team

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-US", java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def omar() -> Any:
    return colleague("Service agent", team=team("Service"))


@pytest.fixture
def ticket(omar: Any) -> Ticket:
    customer = Customer.objects.create(name="Ada", kind="person", email="ada@example.com", language="zh-CN")
    queue = Queue.objects.create(name="Support", team=team("Helpers"))
    one = actions.open_ticket(customer=customer, queue=queue, subject="Printer", body="It smokes. " + "long/" * 60)
    actions.reply_to_ticket(ticket=one, by=omar, body="Please unplug it.", status="pending")
    return one


def shot(window: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look at it."""
    if SHOTS:
        window.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_customer_answers_by_the_link_and_the_agent_sees_it(
    phone: Page, sign_in: Callable[..., Page], ticket: Ticket, omar: Any, live_server: Any, settings: Any
) -> None:
    at(settings, live_server.url)
    phone.goto(link_for(ticket))
    shot(phone, "ticket_phone")
    expect(phone.get_by_text("我们正在等待您的答复。")).to_be_visible()
    assert fits(phone)
    phone.fill("#id_body", "It is unplugged.")
    phone.set_input_files("#id_files", {"name": "log.txt", "mimeType": "text/plain", "buffer": b"smoke"})
    phone.click("button.primary")
    expect(phone.locator("[role=status]")).to_have_text("我们已收到您的答复，谢谢。")
    expect(phone.get_by_role("link", name="log.txt")).to_be_visible()
    window = sign_in(omar)
    window.goto(f"/admin/service/ticket/{ticket.pk}/thread/")
    expect(window.locator(".ticket-customer").first).to_contain_text("It is unplugged.")


def test_a_customer_judges_on_a_phone(phone: Page, ticket: Ticket, live_server: Any, settings: Any) -> None:
    at(settings, live_server.url)
    actions.change_status(ticket=ticket, to="resolved")
    phone.goto(link_for(ticket))
    phone.get_by_role("link", name="我们做得怎么样？").click()
    phone.check("input[value='4']")
    phone.fill("#id_comment", "很快。")
    phone.click("button.primary")
    expect(phone.locator("[role=status]")).to_be_visible()
    shot(phone, "survey_phone")
    assert phone.locator("main.card").evaluate("card => card.scrollWidth") <= 390
    assert list(SurveyAnswer.objects.values_list("score", "comment")) == [(4, "很快。")]
