"""Staff look back in a real browser: history, what was deleted, the timeline, webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from crm.models import Webhook
from customers.actions import log_interaction
from customers.models import Customer
from tests.browser.layout import fits
from tests.samples import make
from tests.staff import PASSWORD, page, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = 390


def renamed() -> Customer:
    customer: Customer = make(Customer, name="Ada", kind="person")
    customer.name = "Eve"
    customer.save()
    return customer


def test_staff_take_a_change_back(sign_in: SignIn) -> None:
    customer = renamed()
    window = sign_in(superuser())
    window.goto(page(customer, "history"))
    window.get_by_role("button", name="Take back").first.click()
    expect(window.get_by_text("Ada was restored.")).to_be_visible()
    assert Customer.objects.get().name == "Ada"


def test_staff_bring_back_what_was_deleted(sign_in: SignIn) -> None:
    make(Customer, name="Ada").delete()
    window = sign_in(superuser())
    window.goto(page(Customer, "changelist"))
    window.get_by_role("link", name="Deleted").click()
    window.get_by_role("button", name="Restore").click()
    expect(window.get_by_text("Ada was restored.")).to_be_visible()
    assert Customer.objects.get().name == "Ada"


@pytest.mark.parametrize(("width", "language", "word"), [(1440, "en-US", "Changes"), (PHONE, "zh-CN", "变更")])
def test_staff_read_a_timeline(sign_in: SignIn, width: int, language: str, word: str) -> None:
    customer, user = renamed(), superuser()
    log_interaction(customer=customer, by=user, kind="call", subject="Asked for a quote")
    window = sign_in(user, width=width, language=language)
    window.goto(f"/admin/customers/customer/{customer.pk}/timeline/")
    expect(window.get_by_text("Asked for a quote")).to_be_visible()
    assert fits(window)
    window.get_by_role("link", name=word, exact=True).last.click()
    expect(window.get_by_text("Asked for a quote")).to_have_count(0)
    expect(window.get_by_text("Eve").first).to_be_visible()


def test_staff_subscribe_to_changes_and_see_the_secret_once(sign_in: SignIn) -> None:
    window = sign_in(superuser())
    window.goto(page(Webhook, "add"))
    window.fill("[name=url]", "https://example.com/hook")
    window.get_by_role("button", name="Save", exact=True).click()
    expect(window.get_by_text("whsec_")).to_be_visible()
    window.reload()
    expect(window.get_by_text("whsec_")).to_have_count(0)
    assert Webhook.objects.get().url == "https://example.com/hook"


def test_staff_export_a_list_for_a_spreadsheet(sign_in: SignIn) -> None:
    make(Customer, name="Ada")
    window = sign_in(superuser())
    window.goto(page(Customer, "changelist") + "?q=ada")
    window.get_by_role("link", name="Export").click()
    window.fill("[name=password]", PASSWORD)
    with window.expect_download() as download:
        window.get_by_role("button", name="Export").click()
    assert download.value.path().read_text("utf-8-sig").splitlines()[1].count("Ada") == 1
