"""A customer at a glance in the staff site."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from crm.attachments.actions import attach
from crm.models import Task
from customers.actions import grant_consent, log_interaction
from customers.models import Customer, Purpose, Relationship, RelationshipType
from tests.samples import make
from tests.staff import colleague, page, signed_in, superuser

pytestmark = pytest.mark.django_db


def glance(client: Any, customer: Customer) -> str:
    return str(client.get(reverse("admin:customers_customer_overview", args=[customer.pk])).content.decode())


def acme(user: Any) -> Customer:
    customer: Customer = make(Customer, name="Acme", kind="organization", industry="Logistics", tags=["vip"])
    make(Customer, name="Ada Lovelace", kind="person", organization=customer)
    other = make(Customer, name="Umbrella", kind="organization")
    make(Relationship, from_customer=customer, to_customer=other, type=RelationshipType.objects.get(name="parent of"))
    make(Task, title="Call back", about_type=Customer.label(), about_id=customer.pk)
    grant_consent(customer=customer, purpose=Purpose.objects.get(name="phone"), source="phone", by=user, evidence="")
    log_interaction(customer=customer, by=user, kind="call", subject="Asked for a quote")
    attach(about=customer, name="contract.txt", content=ContentFile(b"text"), by=user)
    return customer


def test_everything_about_a_customer_is_on_one_page() -> None:
    user = superuser()
    text = glance(signed_in(user), acme(user))
    words = {"Logistics", "vip", "Ada Lovelace", "Umbrella", "Call back", "agrees", "Asked for a quote", "contract.txt"}
    assert {word for word in words if word not in text} == set()


def test_a_list_leads_to_the_page() -> None:
    customer = make(Customer)
    text = signed_in(superuser()).get(page(Customer, "changelist")).content.decode()
    assert reverse("admin:customers_customer_overview", args=[customer.pk]) in text


def test_what_one_may_not_see_is_not_there() -> None:
    seller = colleague("Sales representative")
    hidden = make(Customer, name="Hidden Holding", kind="organization")
    mine = make(Customer, name="Mine", owner=seller, organization=hidden)
    client = signed_in(seller)
    assert "Hidden Holding" not in glance(client, mine)
    assert client.get(reverse("admin:customers_customer_overview", args=[hidden.pk])).status_code == 404


def test_an_auditor_reads_and_is_offered_no_change() -> None:
    customer = make(Customer)
    make(Task, title="Call back", about_type=Customer.label(), about_id=customer.pk)
    text = glance(signed_in(colleague("Auditor")), customer)
    assert "Call back" in text
    assert "Add task" not in text
    assert 'value="complete"' not in text
