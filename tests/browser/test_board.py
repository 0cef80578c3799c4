"""Colleagues move deals on the board in a real browser, by mouse, finger and keyboard, and at the same time."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from customers.models import Customer
from sales import actions
from sales.models import LossReason, Opportunity, Pipeline, Stage
from sales.models.standard import add_standard
from tests.browser.layout import fits
from tests.staff import colleague, team

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from crm.models import User

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
BOARD = "/admin/pipeline/"


@pytest.fixture
def seller() -> User:
    """Return a seller, where there is a pipeline."""
    add_standard(Pipeline.objects, Stage.objects, LossReason.objects)
    return colleague("Sales representative", team=team("North"))


def deal(seller: User, name: str, stage: str = "Qualification", **fields: Any) -> Opportunity:
    """Make a deal of the seller's."""
    people = {"owner": seller, "team": seller.team}
    customer = Customer.objects.create(name="Acme", kind="organization", **people)
    day = timezone.localdate() + datetime.timedelta(days=10)
    values = {"amount": 1000, "currency": "EUR", "expected_close_on": day, **people, **fields}
    made: Opportunity = Opportunity.objects.create(
        customer=customer, name=name, stage=Stage.objects.get(name=stage), **values
    )
    return made


def lane(window: Page, name: str) -> Locator:
    return window.locator(f".board-lane[data-name='{name}']")


def card(window: Page, name: str) -> Locator:
    return window.locator(f".board-card[data-name='{name}']")


def drag(window: Page, name: str, stage: str) -> None:
    """Drag a deal to a stage by the mouse."""
    start, end = card(window, name).bounding_box(), lane(window, stage).bounding_box()
    assert start is not None
    assert end is not None
    window.mouse.move(start["x"] + 20, start["y"] + start["height"] - 8)
    window.mouse.down()
    window.mouse.move(start["x"] + 40, start["y"] + 40, steps=3)
    window.mouse.move(end["x"] + 60, end["y"] + 60, steps=5)
    window.mouse.up()


def stage_of(opportunity: Opportunity) -> str:
    return Opportunity.objects.get(pk=opportunity.pk).stage.name


def test_a_deal_is_dragged_with_the_mouse(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    expect(lane(window, "Qualification")).to_contain_text("1,000.00")
    drag(window, "Forklifts", "Proposal")
    expect(window.get_by_role("alert")).to_have_text("“Forklifts” is in “Proposal” now.")
    expect(lane(window, "Proposal").locator(".board-card")).to_have_count(1)
    expect(lane(window, "Proposal")).to_contain_text("weighted 500.00")
    assert stage_of(opportunity) == "Proposal"


def test_a_loss_asks_for_the_reason(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    drag(window, "Forklifts", "Lost")
    window.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert stage_of(opportunity) == "Qualification"
    drag(window, "Forklifts", "Lost")
    window.get_by_label("Why it is lost").select_option("Price")
    window.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(window.get_by_role("alert")).to_have_text("“Forklifts” is in “Lost” now.")
    found = Opportunity.objects.get(pk=opportunity.pk)
    assert (found.status, str(found.lost_reason)) == ("lost", "Price")


def test_a_deal_is_moved_by_keyboard(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    card(window, "Forklifts").focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "Escape"):
        window.keyboard.press(key)
    expect(window.get_by_role("status").first).to_have_text("Put back.")
    assert stage_of(opportunity) == "Qualification"
    for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
        window.keyboard.press(key)
    expect(window.get_by_role("alert")).to_have_text("“Forklifts” is in “Proposal” now.")
    expect(card(window, "Forklifts")).to_be_focused()
    assert stage_of(opportunity) == "Proposal"


def test_who_moves_what_somebody_else_has_moved_is_told(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    actions.move_opportunity(opportunity=opportunity, stage=Stage.objects.get(name="Negotiation"))
    drag(window, "Forklifts", "Proposal")
    expect(window.get_by_role("alert")).to_contain_text("somebody changed it meanwhile")
    expect(lane(window, "Negotiation").locator(".board-card")).to_have_count(1)
    assert stage_of(opportunity) == "Negotiation"


def test_what_others_move_is_seen_after_a_while(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.clock.install()
    window.goto(BOARD)
    actions.move_opportunity(opportunity=opportunity, stage=Stage.objects.get(name="Negotiation"))
    window.clock.run_for(16_000)
    expect(lane(window, "Negotiation").locator(".board-card")).to_have_count(1)
    with window.expect_response(lambda answer: answer.status == 304):
        window.clock.run_for(16_000)


def test_the_board_fits_a_phone_in_chinese_and_a_form_moves(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "叉车租赁合同续签" * 4, stage_since=timezone.now() - datetime.timedelta(days=60))
    window = sign_in(seller, width=390, language="zh-CN")
    window.goto(BOARD)
    expect(window.get_by_text("停滞", exact=True)).to_be_visible()
    assert fits(window)
    window.get_by_role("link", name="移动").first.click()
    window.get_by_label("移至").select_option("Proposal")
    window.get_by_role("button", name="移动").click()
    expect(window).to_have_url(re.compile("/pipeline/[?]$"))
    assert stage_of(opportunity) == "Proposal"


def test_a_finger_drags_a_deal_by_its_grip(sign_in: SignIn, seller: User) -> None:
    opportunity = deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    grip, end = card(window, "Forklifts").locator(".board-grip").bounding_box(), lane(window, "Proposal").bounding_box()
    assert grip is not None
    assert end is not None
    device = window.context.new_cdp_session(window)
    way = [(grip["x"] + 10, grip["y"] + 10), (grip["x"] + 40, grip["y"] + 40), (end["x"] + 60, end["y"] + 60)]
    for kind, (x, y) in zip(("touchStart", "touchMove", "touchMove"), way, strict=True):
        device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    device.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(window.get_by_role("alert")).to_have_text("“Forklifts” is in “Proposal” now.")
    assert stage_of(opportunity) == "Proposal"


def test_the_table_leads_to_the_board_and_back(sign_in: SignIn, seller: User) -> None:
    deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    window.get_by_role("link", name="As a table").click()
    expect(window.get_by_role("link", name="Forklifts")).to_be_visible()
    window.locator("#main, main, body").first.get_by_role("link", name="As a board").click()
    expect(card(window, "Forklifts")).to_be_visible()


def test_a_board_that_was_left_open_shows_the_sign_in_once_the_session_has_ended(
    sign_in: SignIn, seller: User, settings: Any
) -> None:
    settings.SESSION_IDLE_MINUTES = 15
    deal(seller, "Forklifts")
    window = sign_in(seller)
    window.goto(BOARD)
    expect(card(window, "Forklifts")).to_be_visible()
    session = SessionStore(Session.objects.get().session_key)
    session["seen_at"] -= 15 * 60 + 1
    session.save()
    expect(window.get_by_label("Password")).to_be_visible(timeout=30_000)
    assert "next=" in window.url
    assert not Session.objects.filter(session_key=session.session_key).exists()
