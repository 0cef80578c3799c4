"""Staff make two customers one in a real browser, on a desk and on a phone, and two again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from customers.matching import renew_duplicates
from customers.models import Customer, Duplicate
from tests.browser.layout import fits
from tests.samples import make
from tests.staff import colleague, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
PAIRS = "/admin/customers/duplicate/"


@pytest.fixture
def pair() -> tuple[Customer, Customer]:
    known = {"kind": "organization", "country": "DE"}
    first = make(Customer, **known, name="Müller Logistik GmbH", email="info@mueller.example", industry="Logistics")
    second = make(Customer, **known, name="Mueller Logistik", email="office@mueller.example", phone="030 901820")
    make(Customer, name="Ada Lovelace", email="", organization=second)
    renew_duplicates()
    return first, second


def compare(window: Page) -> None:
    """Go from the list of duplicates to both of them, side by side."""
    window.goto(PAIRS)
    expect(window.locator("#result_list tbody")).to_contain_text("same name · same domain")
    window.get_by_role("link", name="Compare").click()


def test_staff_merge_two_customers_and_undo_it(sign_in: SignIn, pair: tuple[Customer, Customer]) -> None:
    first, second = pair
    window = sign_in(colleague("Sales manager"))
    compare(window)
    window.locator("fieldset", has_text="E-mail").get_by_label("office@mueller.example").check()
    window.get_by_role("button", name="Merge both").click()
    expect(window.get_by_text("Mueller Logistik is now part of this record.")).to_be_visible()
    first.refresh_from_db()
    assert (first.name, first.email, first.phone) == ("Müller Logistik GmbH", "office@mueller.example", "030 901820")
    window.goto(page(second, "change"))
    expect(window.get_by_text("The record that you asked for is part of this one now.")).to_be_visible()
    window.get_by_role("link", name="Overview").click()
    window.get_by_role("link", name="Merge", exact=True).click()
    window.get_by_role("button", name="Undo").click()
    expect(window.get_by_text("They are two again.")).to_be_visible()
    assert second.people.get().name == "Ada Lovelace"


def test_both_customers_fit_a_phone_in_chinese(sign_in: SignIn, pair: tuple[Customer, Customer]) -> None:
    first, second = pair
    window = sign_in(colleague("Sales manager"), width=390, language="zh-CN")
    for address in (PAIRS, page(first, "merge"), f"{page(first, 'merge')}?with={second.pk}"):
        window.goto(address)
        assert fits(window), address
    window.get_by_role("button", name="合并两者").click()
    expect(window.get_by_text("Mueller Logistik 现已并入此记录")).to_be_visible()
    assert not Customer.objects.filter(pk=second.pk).exists()


def test_staff_say_that_two_are_two(sign_in: SignIn, pair: tuple[Customer, Customer]) -> None:
    window = sign_in(colleague("Marketer"))
    window.goto(PAIRS)
    expect(window.get_by_role("link", name="Compare")).to_have_count(0)
    window.locator("#result_list tbody input[type=checkbox]").check()
    window.locator("select[name=action]").select_option(label="They are two")
    window.get_by_role("button", name="Run", exact=True).click()
    expect(window.get_by_text("1 pair was dismissed.")).to_be_visible()
    assert Duplicate.objects.get().dismissed_at is not None
    assert Customer.objects.count() == 3
