"""Agents answer customers in a real browser, on a desk and on a phone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from service import actions
from service.models import BusinessHours, CannedReply, Queue, SLAPolicy, Ticket
from tests.browser.layout import fits
from tests.staff import colleague, team

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
DESK = "/admin/service/ticket/desk/"
SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def omar() -> Any:
    return colleague("Service agent", team=team("Service"))


@pytest.fixture
def ticket() -> Ticket:
    hours = BusinessHours.round_the_clock()
    hours.save()
    policy = SLAPolicy.objects.create(name="Gold", hours=hours, first_response_normal=90, resolution_normal=1440)
    queue = Queue.objects.create(name="Support", policy=policy, team=team("Helpers"))
    customer = Customer.objects.create(name="北京某某科技有限公司", kind="organization", email="ada@example.com")
    CannedReply.objects.create(name="Hello", body="Dear {{ customer }}, it is {{ number }}.")
    text = "It smokes, see https://example.com/" + "long/" * 60
    return actions.open_ticket(customer=customer, queue=queue, subject="Printer " * 12, body=text)


def shot(window: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look at it."""
    if SHOTS:
        window.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_an_agent_takes_a_ticket_from_the_desk_and_answers_it(sign_in: SignIn, ticket: Ticket, omar: Any) -> None:
    window = sign_in(omar)
    window.get_by_role("link", name="My tickets").click()
    expect(window.locator("[data-countdown]").first).to_have_text("in 1 hr.")
    window.get_by_role("link", name=ticket.number).click()
    shot(window, "thread")
    window.get_by_role("button", name="Take").click()
    window.get_by_label("Canned reply").select_option("Hello")
    expect(window.locator("[name=body]")).to_have_value(f"Dear 北京某某科技有限公司, it is {ticket.number}.")
    window.get_by_role("button", name="Send reply").click()
    expect(window.get_by_text("The reply is on its way.")).to_be_visible()
    expect(window.locator(".ticket-reply")).to_contain_text(f"it is {ticket.number}.")
    expect(window.locator(".ticket-clock-met")).to_be_visible()
    shot(window, "answered")


def test_desk_and_ticket_fit_a_phone_in_chinese(sign_in: SignIn, ticket: Ticket, omar: Any) -> None:
    window = sign_in(omar, width=390, language="zh-CN")
    for path, name in ((DESK, "desk"), (f"/admin/service/ticket/{ticket.pk}/thread/", "phone")):
        window.goto(path)
        shot(window, name)
        assert fits(window)
    expect(window.get_by_role("button", name="发送回复")).to_be_visible()
