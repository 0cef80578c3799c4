"""What stands around a customer: the timeline, the page at a glance, tasks, and what follows a merge."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm.merging.actions import merge_records, undo_merge
from crm.models import Task, User
from crm.tasks.actions import add_task
from customers.models import Customer
from sales.actions import move_opportunity
from sales.models import Lead, Opportunity, Order
from tests.sales.stages import stage
from tests.samples import make
from tests.staff import signed_in, superuser


@pytest.fixture
def customer(seller: User) -> Customer:
    made: Customer = make(Customer, kind="organization", name="Acme", owner=seller, team=seller.team)
    return made


@pytest.fixture
def records(customer: Customer, seller: User, deal: Opportunity) -> tuple[Any, ...]:
    """Return a lead, a deal that moved and an order of the customer."""
    Opportunity.objects.filter(pk=deal.pk).update(customer=customer, name="Desks")
    deal.refresh_from_db()
    move_opportunity(opportunity=deal, stage=stage("Proposal"))
    lead = make(Lead, customer=customer, subject="Chairs", owner=seller, team=seller.team)
    return lead, deal, make(Order, customer=customer, number="4711", total=50)


@pytest.mark.usefixtures("records")
def test_leads_moves_and_orders_are_on_the_timeline(client: Any, customer: Customer) -> None:
    entries = client.get(f"/api/v1/customers/{customer.pk}/timeline").json()["results"]
    kinds = [one["kind"] for one in entries if one["kind"] != "changes"]
    assert sorted(kinds) == ["leads", "orders", "stage-changes"]
    only = client.get(f"/api/v1/customers/{customer.pk}/timeline", {"kind": "stage-changes"}).json()["results"]
    assert [one["record"]["to_stage"] for one in only] == [str(stage("Proposal").pk)]
    assert only[0]["customer"] == str(customer.pk)


@pytest.mark.usefixtures("records")
def test_deals_leads_and_orders_are_at_a_glance(customer: Customer) -> None:
    address = reverse("admin:customers_customer_overview", args=[customer.pk])
    text = signed_in(superuser()).get(address).content.decode()
    assert [word for word in ("Desks", "Proposal", "Chairs", "4711", "50.00 EUR") if word not in text] == []


def test_everything_follows_a_merge_and_comes_back(customer: Customer, records: Any, integration: User) -> None:
    winner = make(Customer, kind="organization")
    key = customer.pk
    done = merge_records(winner=winner, loser=customer, by=integration)
    kinds: tuple[Any, ...] = (Lead, Opportunity, Order)
    assert {model.objects.get().customer_id for model in kinds} == {winner.pk}
    assert undo_merge(merge=done, model=Customer).left == []
    assert {model.objects.get().customer_id for model in kinds} == {key}


def test_a_contact_follows_a_merge(deal: Opportunity, integration: User) -> None:
    winner, loser = make(Customer), make(Customer)
    Opportunity.objects.update(contact=loser)
    merge_records(winner=winner, loser=loser, by=integration)
    assert Opportunity.objects.get().contact == winner


def test_tasks_about_deals_and_leads_are_about_their_customer(records: Any, seller: User, customer: Customer) -> None:
    for record in records[:2]:
        add_task(title="Call", by=seller, about=record)
    assert set(Task.objects.values_list("customer", flat=True)) == {customer.pk}
