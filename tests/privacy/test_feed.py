"""What the change feed and webhooks tell of an erasure, and what they still tell of the time before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from crm.models import Change, WebhookDelivery
from crm.privacy.actions import erase_person
from customers.models import Customer, Interaction
from tests.feed import settle
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import Erasure


@pytest.fixture
def customer(integration: Any) -> Customer:
    made: Customer = make(Customer, name="Ada Lovelace", email="ada@example.com", owner=integration)
    made.lifecycle, made.name = "prospect", "Ada King"
    made.save()
    return made


def erase(customer: Customer, user: Any) -> Erasure:
    return erase_person(customer=customer, by=user, reason="Asked for it.")


def test_old_changes_keep_names_of_fields_and_what_stays(customer: Customer, integration: Any) -> None:
    erase(customer, integration)
    old = Change.objects.get(record=customer.pk, action="updated")
    assert old.before == {"name": "Erased", "lifecycle": "lead"}
    assert old.after == {"name": "Erased", "lifecycle": "prospect"}


def test_each_record_is_said_to_be_erased_once(customer: Customer, integration: Any, client: Any) -> None:
    interaction = make(Interaction, customer=customer, subject="About Ada", body="She called.")
    erase(customer, integration)
    settle()
    found = client.get("/api/v1/changes?action=erased").json()["results"]
    assert sorted((one["resource"], one["record"]) for one in found) == sorted(
        [("customers", str(customer.pk)), ("interactions", str(interaction.pk))]
    )
    assert {name: value for one in found for name, value in one["before"].items() if name != "is_active"} == {
        "name": "Erased",
        "email": "",
        "erased_at": None,
        "subject": "Erased",
        "body": "",
    }


def test_messages_that_wait_lose_what_they_told(customer: Customer, integration: Any) -> None:
    from tests.privacy.planting import messages

    messages(customer, "Ada", integration)
    erase(customer, integration)
    message = WebhookDelivery.objects.get()
    assert message.status == "waiting"
    assert message.body["data"]["after"] == {"name": "Erased", "kind": "person"}
    assert message.tries.get().response_body == ""


def test_facts_stay_true(customer: Customer, integration: Any) -> None:
    made = make(Interaction, customer=customer, subject="About Ada", kind="meeting", duration=60)
    erase(customer, integration)
    stored = Interaction.objects.get(pk=made.pk)
    assert (stored.kind, stored.duration, stored.occurred_at) == ("meeting", 60, made.occurred_at)
    erased = Customer.objects.get(pk=customer.pk)
    assert (erased.kind, erased.lifecycle, erased.created_at) == ("person", "prospect", customer.created_at)
    assert (erased.name, erased.email, erased.is_active) == ("Erased", "", False)


def test_the_database_takes_nothing_personal_of_the_erased(customer: Customer, integration: Any) -> None:
    erase(customer, integration)
    with pytest.raises(IntegrityError, match="customer_erased_for_good"), transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(email="ada@example.com")
    assert Customer.objects.get(pk=customer.pk).email == ""


@pytest.mark.parametrize(
    "body",
    [
        {"source": "Fair"},
        {"tags": ["red"]},
        {"industry": "Press"},
        {"language": "de"},
        {"time_zone": "Europe/Berlin"},
        {"external_references": [{"system": "erp", "external_id": "1"}]},
    ],
)
def test_the_api_takes_nothing_that_describes_the_erased(
    customer: Customer, integration: Any, client: Any, body: dict[str, Any]
) -> None:
    path = f"/api/v1/customers/{customer.pk}"
    erase(customer, integration)
    before = client.get(path).json()
    answer = client.patch(path, body)
    assert answer.status_code == 422, answer.content
    assert client.get(path).json() == before


def test_whoever_changes_it_at_the_same_time_comes_before_or_is_refused(
    customer: Customer, integration: Any, client: Any
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    def change() -> int:
        answer = client.patch(f"/api/v1/customers/{customer.pk}", {"phone": "030 123456"})
        connection.close()
        return int(answer.status_code)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        outcome = pool.submit(change)
        erase(customer, integration)
    assert outcome.result() in {409, 422}
    assert Customer.objects.get(pk=customer.pk).phone == ""
