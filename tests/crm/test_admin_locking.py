"""Two colleagues who save the same page at the same moment: the second is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from tests.staff import form_of, page, signed_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_many_who_save_at_once_one_does() -> None:
    customer = Customer.objects.create(kind="organization", name="Acme")
    client = signed_in(superuser())
    body = form_of(client, page(customer, "change"))

    def save(number: int) -> int:
        try:
            answer: Any = client.post(page(customer, "change"), body | {"name": f"Name {number}"})
            return int(answer.status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(save, range(8)))
    assert found == [200] * 7 + [302]
