"""Files, consent, personal data and erasure in a real browser, on a desk and on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from playwright.sync_api import expect

from crm.models import Attachment, Erasure
from customers.models import Consent, Customer, Purpose
from tests.attachments import samples
from tests.browser.layout import fits
from tests.samples import make
from tests.staff import PASSWORD, page, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    SignIn = Callable[..., Page]

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = 390


@pytest.fixture
def ada() -> Customer:
    made: Customer = make(Customer, name="Ada Lovelace", email="ada@example.com")
    return made


def test_staff_attach_fetch_and_delete_a_file(sign_in: SignIn, ada: Customer) -> None:
    window = sign_in(superuser(), width=PHONE)
    window.goto(page(ada, "attachments"))
    name = "a-contract-with-a-name-that-is-far-too-long-for-the-width-of-any-phone.png"
    window.set_input_files("input[type=file]", {"name": name, "mimeType": "image/png", "buffer": samples.PNG})
    window.get_by_role("button", name="Attach").click()
    link = window.get_by_role("link", name=name)
    expect(link).to_be_visible()
    assert fits(window)
    answer = window.request.get(str(link.get_attribute("href")))
    assert answer.body() == samples.PNG
    window.get_by_role("button", name=f"Delete {name}").click()
    expect(window.get_by_text("No file is attached yet.")).to_be_visible()
    assert not Attachment.objects.exists()


def test_staff_record_a_consent_and_take_it_back(sign_in: SignIn, ada: Customer) -> None:
    window = sign_in(superuser(), width=PHONE)
    for said, word in (("granted", "agrees"), ("withdrawn", "does not agree")):
        window.goto(page(ada, "consent"))
        window.select_option("[name=purpose]", label=str(Purpose.objects.order_by("name").first()))
        window.select_option("[name=said]", said)
        window.select_option("[name=source]", "phone")
        window.get_by_role("button", name="Record").click()
        expect(window.locator(".consents").get_by_text(word, exact=True)).to_be_visible()
        assert fits(window)
    assert list(Consent.objects.order_by("id").values_list("is_granted", flat=True)) == [True, False]


def test_staff_hand_out_what_is_held_about_a_person(sign_in: SignIn, ada: Customer) -> None:
    window = sign_in(superuser(), width=PHONE)
    window.goto(page(ada, "personal_data"))
    assert fits(window)
    window.fill("[name=password]", PASSWORD)
    with window.expect_download() as started:
        window.get_by_role("button", name="Download").click()
    with ZipFile(started.value.path()) as package:
        told = b"".join(package.read(name) for name in package.namelist())
    assert b"ada@example.com" in told


def test_staff_erase_a_person(sign_in: SignIn, ada: Customer) -> None:
    window = sign_in(superuser(), width=PHONE)
    window.goto(page(ada, "erase"))
    assert fits(window)
    window.fill("[name=reason]", "Asked for it by letter.")
    window.fill("[name=password]", PASSWORD)
    window.get_by_role("button", name="Erase").click()
    expect(window.get_by_text("Erased. The certificate is in the list of erasures.")).to_be_visible()
    assert fits(window)
    assert Customer.objects.get(pk=ada.pk).name == "Erased"
    window.goto(page(Erasure, "changelist"))
    expect(window.locator("#result_list tbody tr")).to_have_count(1)
    assert fits(window)
