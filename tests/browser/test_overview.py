"""A customer at a glance in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crm.models import Task
from customers.actions import log_interaction
from customers.models import Customer
from tests.browser.layout import fits
from tests.samples import make
from tests.staff import page, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("width", "language", "word"), [(1440, "en-US", "To do"), (390, "zh-CN", "待办")])
def test_staff_see_a_customer_at_a_glance_and_tick_what_is_done(
    sign_in: SignIn, width: int, language: str, word: str
) -> None:
    user = superuser()
    customer = make(Customer, name="Café Müller", kind="organization", website="https://example.com/" + "long" * 20)
    make(Task, title="Call back", about_type=Customer.label(), about_id=customer.pk, owner=user)
    log_interaction(customer=customer, by=user, kind="call", subject="Asked for a quote")
    window = sign_in(user, width=width, language=language)
    window.goto(page(Customer, "changelist"))
    window.get_by_role("link", name="Café Müller").first.click()
    expect(window.get_by_role("heading", name=word)).to_be_visible()
    expect(window.get_by_text("Asked for a quote")).to_be_visible()
    assert fits(window)
    window.locator(".task-tick").click()
    expect(window.get_by_text("Call back").first).to_be_visible()
    assert Task.objects.get().status == "done"
