"""Agents work side by side in real browsers: by keys, with files, and without answering twice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from crm.models import Attachment
from customers.models import Customer
from service import actions
from service.models import Draft, Queue, Ticket, TicketMessage
from tests.browser.layout import fits
from tests.staff import colleague, team

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
DESK = "/admin/service/ticket/desk/"
SHOTS = os.environ.get("SCREENSHOTS", "")
HTML = """<p>It <b>smokes</b>, see the <a href="https://example.com/">plan</a>.</p><p><img alt="Photo of smoke"></p>
<table><tr><th>Part</th><th>Smokes</th></tr><tr><td>Fan</td><td>yes</td></tr></table><ul><li>unplugged</li></ul>
<p>On Monday you wrote:</p><blockquote>Have you tried to unplug it?</blockquote>"""


@pytest.fixture
def service() -> Any:
    return team("Service")


@pytest.fixture
def omar(service: Any) -> Any:
    return colleague("Service agent", team=service, first_name="Omar")


@pytest.fixture
def anna(service: Any) -> Any:
    return colleague("Service agent", team=service, first_name="Anna")


@pytest.fixture
def tickets() -> list[Ticket]:
    queue = Queue.objects.create(name="Support", team=team("Helpers"))
    customer = Customer.objects.create(name="北京某某科技有限公司", kind="organization", email="ada@example.com")
    known: Any = {"customer": customer, "queue": queue, "received": {"html": HTML}}
    return [actions.open_ticket(subject=f"Printer {n}", body="It smokes.", **known) for n in range(3)]


def shot(window: Page, name: str) -> None:
    """Keep a picture, where somebody wants to look at it."""
    if SHOTS:
        window.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def page(ticket: Ticket) -> str:
    return f"/admin/service/ticket/{ticket.pk}/thread/"


def bodies(kind: str) -> list[str]:
    return list(TicketMessage.objects.filter(kind=kind).order_by("written_at").values_list("body", flat=True))


def test_the_desk_is_worked_by_keys(sign_in: SignIn, tickets: list[Ticket], omar: Any) -> None:
    window = sign_in(omar)
    window.goto(DESK)
    for key in ("j", "j", "k", "j"):
        window.keyboard.press(key)
    expect(window.get_by_role("link", name=tickets[1].number)).to_be_focused()
    shot(window, "agents_desk")
    window.keyboard.press("?")
    expect(window.get_by_role("dialog", name="Keys")).to_be_visible()
    shot(window, "agents_keys")
    window.keyboard.press("t")  # not while the dialog is open
    window.keyboard.press("Escape")
    expect(window.get_by_role("dialog")).to_be_hidden()
    window.keyboard.press("t")
    expect(window.get_by_text("The ticket is yours.")).to_be_visible()
    assert list(Ticket.objects.filter(assignee=omar)) == [tickets[1]]


def test_a_ticket_is_found_opened_and_answered_by_keys(sign_in: SignIn, tickets: list[Ticket], omar: Any) -> None:
    window = sign_in(omar)
    window.goto(DESK)
    window.keyboard.press("j")
    window.keyboard.press("o")
    window.wait_for_url(f"**{page(tickets[0])}")
    window.keyboard.press("n")
    window.keyboard.type("Just a note, jk?")
    window.keyboard.press("Control+Enter")
    expect(window.locator(".ticket-note")).to_contain_text("Just a note, jk?")
    window.keyboard.press("r")
    window.keyboard.type("Unplug it.")
    window.keyboard.press("Control+Enter")
    expect(window.locator(".ticket-reply")).to_contain_text("Unplug it.")
    window.keyboard.press("/")
    expect(window.get_by_role("searchbox", name="Search tickets")).to_be_focused()
    assert (bodies("note"), bodies("reply")) == (["Just a note, jk?"], ["Unplug it."])


def test_a_reply_takes_files_along(sign_in: SignIn, tickets: list[Ticket], omar: Any) -> None:
    window = sign_in(omar)
    window.goto(page(tickets[0]))
    window.fill("[name=body]", "See the log.")
    logs = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"smoke"} for n in (1, 2)]
    window.get_by_label("Files").set_input_files(logs)  # type: ignore[arg-type]
    window.get_by_role("button", name="Send reply").click()
    expect(window.locator(".ticket-reply").get_by_role("link", name="1.txt")).to_be_visible()
    assert list(Attachment.objects.order_by("name").values_list("name", "size")) == [("1.txt", 5), ("2.txt", 5)]
    message = window.locator(".ticket-customer")
    expect(message.get_by_text("[picture: Photo of smoke]")).to_be_visible()
    expect(message.get_by_text("Have you tried")).to_be_hidden()
    message.get_by_text("Quoted text").click()
    expect(message.get_by_text("Have you tried")).to_be_visible()
    shot(window, "agents_thread")


def test_two_who_answer_see_each_other_and_the_second_is_asked(
    sign_in: SignIn, tickets: list[Ticket], omar: Any, anna: Any
) -> None:
    first, second = sign_in(anna), sign_in(omar)
    for window in (first, second):
        window.goto(page(tickets[0]))
    expect(second.get_by_text("Anna is looking")).to_be_visible()
    first.get_by_label("Reply or note").press_sequentially("Unplug it.")
    expect(second.get_by_text("Anna is replying")).to_be_visible(timeout=15_000)
    shot(second, "agents_presence")
    first.get_by_role("button", name="Send reply").click()
    expect(first.locator(".ticket-reply")).to_be_visible()
    second.fill("[name=body]", "Throw it away.")
    second.get_by_role("button", name="Send reply").click()
    expect(second.get_by_text("Nothing was sent.").first).to_be_visible()
    shot(second, "agents_collision")
    assert bodies("reply") == ["Unplug it."]
    second.get_by_role("button", name="Send all the same").click()
    expect(second.locator(".ticket-reply")).to_have_count(2)


def test_what_was_typed_is_there_again(sign_in: SignIn, tickets: list[Ticket], omar: Any) -> None:
    window = sign_in(omar)
    window.goto(page(tickets[0]))
    window.get_by_label("Reply or note").press_sequentially("Dear")
    expect(window.get_by_text("Draft saved")).to_be_visible(timeout=10_000)
    window.get_by_label("Reply or note").press_sequentially(" Ada")
    window.goto(DESK)  # before it was saved again
    window.goto(page(tickets[0]))
    expect(window.locator("[name=body]")).to_have_value("Dear Ada")
    shot(window, "agents_draft")
    window.get_by_role("button", name="Discard draft").click()
    expect(window.get_by_text("The draft is gone.")).to_be_visible()
    expect(window.locator("[name=body]")).to_have_value("")
    assert not Draft.objects.exists()


def test_what_was_typed_survives_a_page_that_could_tell_nobody(
    sign_in: SignIn, tickets: list[Ticket], omar: Any
) -> None:
    window = sign_in(omar)
    window.add_init_script("navigator.sendBeacon = () => false")
    window.goto(page(tickets[0]))
    window.get_by_label("Reply or note").press_sequentially("Dear Ada")
    window.reload()
    expect(window.locator("[name=body]")).to_have_value("Dear Ada")
    expect(window.get_by_text("Draft saved")).to_be_visible()
    assert list(Draft.objects.values_list("body", flat=True)) == ["Dear Ada"]


def test_what_was_written_elsewhere_meanwhile_stays_beside_what_was_typed(
    sign_in: SignIn, tickets: list[Ticket], omar: Any
) -> None:
    window = sign_in(omar)
    window.add_init_script("navigator.sendBeacon = () => false")
    window.goto(page(tickets[0]))
    window.get_by_label("Reply or note").press_sequentially("From here")
    actions.save_draft(ticket=tickets[0], by=omar, body="From my phone")
    window.reload()
    expect(window.locator("[name=body]")).to_have_value("From my phone\n\nFrom here")


def test_what_was_sent_is_not_there_again(sign_in: SignIn, tickets: list[Ticket], omar: Any) -> None:
    window = sign_in(omar)
    window.goto(page(tickets[0]))
    window.get_by_label("Reply or note").press_sequentially("Unplug it.")
    window.get_by_role("button", name="Send reply").click()
    expect(window.locator(".ticket-reply")).to_be_visible()
    expect(window.locator("[name=body]")).to_have_value("")
    window.reload()
    expect(window.locator("[name=body]")).to_have_value("")
    assert (bodies("reply"), Draft.objects.exists()) == (["Unplug it."], False)


def test_it_all_fits_a_phone_in_chinese(sign_in: SignIn, tickets: list[Ticket], omar: Any, anna: Any) -> None:
    actions.note_presence(ticket=tickets[0], by=anna, is_replying=True)
    actions.save_draft(ticket=tickets[0], by=omar, body="Dear Ada")
    window = sign_in(omar, width=390, language="zh-CN")
    for address, name in ((DESK, "agents_desk_phone"), (page(tickets[0]), "agents_thread_phone")):
        window.goto(address)
        shot(window, name)
        assert fits(window)
    expect(window.get_by_text("Anna 正在回复")).to_be_visible()
    expect(window.get_by_text("引用的文字")).to_be_visible()
