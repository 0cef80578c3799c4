"""Erasing and handing out on the screens: asked for the password first, by the same actions."""

from __future__ import annotations

import pytest

from crm.models import Erasure
from customers.models import Customer
from tests.samples import make
from tests.staff import PASSWORD, colleague, page, signed_in, superuser

pytestmark = pytest.mark.django_db


def test_the_page_says_who_would_be_erased() -> None:
    customer = make(Customer, name="Ada Lovelace")
    told = signed_in(superuser()).get(page(customer, "erase")).content.decode()
    assert '<h2 class="timeline-days">Erase: Ada Lovelace</h2>' in told


def test_without_the_password_nothing_is_erased() -> None:
    customer = make(Customer, name="Ada Lovelace")
    client = signed_in(superuser())
    address = page(customer, "erase")
    assert client.post(address, {"reason": "Asked for it.", "password": "wrong"}).status_code == 200
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"
    assert not Erasure.objects.exists()


def test_with_it_the_customer_is_erased_and_the_certificate_can_be_had() -> None:
    customer = make(Customer, name="Ada Lovelace")
    client = signed_in(superuser())
    answer = client.post(page(customer, "erase"), {"reason": "Asked for it.", "password": PASSWORD})
    assert answer["Location"] == page(customer, "change")
    assert Customer.objects.get(pk=customer.pk).name == "Erased"
    one = Erasure.objects.get()
    told = client.get(page(one, "download")).json()
    assert (told["customer"], told["sha256"]) == (str(customer.pk), one.digest())


def test_a_reason_that_names_the_customer_is_shown_as_a_fault() -> None:
    customer = make(Customer, name="Ada Lovelace")
    client = signed_in(superuser())
    answer = client.post(page(customer, "erase"), {"reason": "Ada Lovelace asked.", "password": PASSWORD})
    assert "Give a reason that does not name the customer." in answer.content.decode()
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"


def test_who_may_not_delete_may_not_erase() -> None:
    customer = make(Customer, name="Ada Lovelace")
    client = signed_in(colleague("Marketer"))
    assert client.post(page(customer, "erase"), {"reason": "x", "password": PASSWORD}).status_code == 403
    assert Customer.objects.get(pk=customer.pk).name == "Ada Lovelace"


def test_all_that_is_held_is_handed_out_after_the_password() -> None:
    customer = make(Customer, name="Ada Lovelace")
    client = signed_in(superuser())
    assert "password" in client.get(page(customer, "personal_data")).content.decode()
    answer = client.post(page(customer, "personal_data"), {"password": PASSWORD})
    assert answer["Content-Type"] == "application/zip"
    assert b"".join(answer.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]  # a stream
