"""Segments are put together in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from marketing.models import Segment
from tests.browser.layout import fits
from tests.staff import colleague

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

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
    assert fits(window)
    assert window.evaluate("JSON.parse(document.querySelector('[data-builder]').value)") == wanted


def rows_about(window: Page, *fields: str) -> Locator:
    """Begin a segment with a condition on each of these fields."""
    window.goto(NEW)
    window.get_by_label("Name").fill("Mine at Acme")
    for place, field in enumerate(fields):
        window.get_by_role("button", name="Add a condition").click()
        window.locator(".builder-row").nth(place).get_by_label("Field", exact=True).select_option(field)
    return window.locator(".builder-row")


def test_colleagues_and_organizations_are_chosen_by_name(sign_in: SignIn) -> None:
    acme = Customer.objects.create(name="Acme Works", kind="organization")
    marketer = colleague("Marketer", first_name="Mara", last_name="Kraus")
    Customer.objects.create(name="Ada", organization=acme, owner=marketer, lifecycle="customer")
    rows = rows_about(window := sign_in(marketer), "owner", "organization", "lifecycle")
    rows.nth(0).get_by_label("Value").select_option(label="Mara Kraus")
    rows.nth(1).get_by_label("Value").press_sequentially("Acme Works")
    rows.nth(2).get_by_label("Operator").select_option("__in")
    rows.nth(2).get_by_label("Value").select_option(["customer", "former"])
    expect(window.get_by_text("Customers that you see: 1")).to_be_visible()
    window.get_by_role("button", name="Save", exact=True).click()
    window.wait_for_url("**/marketing/segment/")
    segment = Segment.objects.get()
    chosen = [{"owner": str(marketer.pk)}, {"organization": str(acme.pk)}, {"lifecycle__in": "customer,former"}]
    assert segment.conditions == {"all": chosen}
    window.goto(f"/admin/marketing/segment/{segment.pk}/change/")
    expect(rows.nth(1).get_by_label("Value")).to_have_value("Acme Works")
