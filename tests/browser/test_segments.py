"""Segments are put together in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from marketing.models import Segment
from tests.staff import colleague

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "/admin/marketing/segment/add/"


def test_a_segment_is_built_by_keyboard_and_counted_on_the_way(sign_in: SignIn) -> None:
    Customer.objects.create(name="Ada", country="DE", lifecycle="customer")
    Customer.objects.create(name="Bob", country="FR")
    window = sign_in(colleague("Marketer"))
    window.goto(NEW)
    expect(window.get_by_text("Customers that you see: 2")).to_be_visible()
    window.get_by_label("Name").fill("Germans")
    window.get_by_role("button", name="Add a condition").press("Enter")
    window.get_by_label("Field", exact=True).select_option("country")
    window.get_by_label("Value").fill("DE")
    expect(window.get_by_text("Customers that you see: 1")).to_be_visible()
    expect(window.locator(".builder-answer")).to_contain_text("Ada")
    window.get_by_role("button", name="Add a group").first.press("Enter")
    window.get_by_role("button", name="Save", exact=True).click()
    window.wait_for_url("**/marketing/segment/")
    saved = {"all": [{"country": "DE"}, {"any": [{"lifecycle": "lead"}]}]}
    assert Segment.objects.get().conditions == saved


def test_the_builder_fits_a_phone_in_chinese_and_reads_what_was_saved(sign_in: SignIn) -> None:
    wanted = {"any": [{"country": "DE"}, {"all": [{"kind": "person"}, {"not": {"custom.gone": "x"}}]}]}
    segment = Segment.objects.create(name="s", conditions=wanted)
    window = sign_in(colleague("Marketer"), width=390, language="zh-CN")
    window.goto(f"/admin/marketing/segment/{segment.pk}/change/")
    expect(window.locator(".builder-row")).to_have_count(3)
    expect(window.locator(".builder-answer")).to_contain_text("custom.gone")
    assert window.evaluate("document.documentElement.scrollWidth") <= 390
    assert window.evaluate("JSON.parse(document.querySelector('[data-builder]').value)") == wanted
