"""Staff import a file in a real browser, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from customers.models import Customer
from tests.browser.layout import fits
from tests.staff import colleague
from tests.worker import do_all, no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
ROWS = b"Full name,E-mail,Remark\nAda Lovelace,ada@example.com,first\n,nobody,second\n"
PEOPLE: Any = {"name": "people.csv", "mimeType": "text/csv", "buffer": ROWS}


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


def test_staff_import_a_file_and_watch_it(sign_in: SignIn) -> None:
    window = sign_in(colleague("Sales manager"))
    window.goto("/admin/customers/customer/")
    window.locator("a[href$='customer/import/']").first.click()
    window.set_input_files("[name=file]", PEOPLE)
    window.get_by_role("button", name="Upload", exact=True).click()
    expect(window.get_by_label("E-mail")).to_have_value("email")
    window.get_by_role("button", name="Import", exact=True).click()
    expect(window.locator("[data-show=status]")).to_have_text("waiting")
    do_all()
    expect(window.locator("[data-show=status]")).to_have_text("done")
    expect(window.locator("[data-show=refused]")).to_have_text("1")
    with window.expect_download() as download:
        window.get_by_role("link", name="CSV, to import again").click()
    assert download.value.path().read_text().splitlines()[1].startswith(",nobody,second,3,")
    assert Customer.objects.get().name == "Ada Lovelace"


def test_the_columns_fit_a_phone_in_chinese(sign_in: SignIn) -> None:
    window = sign_in(colleague("Sales manager"), width=390, language="zh-CN")
    window.goto("/admin/crm/import/add/?resource=customers")
    window.set_input_files("[name=file]", PEOPLE)
    window.get_by_role("button", name="上传", exact=True).click()
    expect(window.get_by_role("button", name="试运行")).to_be_visible()
    assert fits(window)


def test_what_was_left_out_and_refused_fits_a_phone_too(sign_in: SignIn) -> None:
    window = sign_in(colleague("Sales manager"), width=390, language="zh-CN")
    window.goto("/admin/crm/import/add/?resource=customers")
    window.set_input_files("[name=file]", PEOPLE)
    window.get_by_role("button", name="上传", exact=True).click()
    window.locator("button[name=run]").click()
    do_all()
    expect(window.locator("[data-show=refused]")).to_have_text("1")
    expect(window.get_by_text("以下列不对应任何字段，因此未导入： Remark")).to_be_visible()
    assert fits(window)
    with window.expect_download() as download:
        window.locator("a[href$='/refused/']").click()
    assert download.value.path().read_bytes().startswith(b'\xef\xbb\xbf"Full name","E-mail","Remark"')
