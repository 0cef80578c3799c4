"""On the timeline of a customer whom several teams know, each reads of its own records, and of changes of these."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from crm.models import User
from customers.models import Customer
from sales.models import Lead, Opportunity, Order
from tests.sales.stages import stage
from tests.samples import make
from tests.staff import signed_in

pytestmark = pytest.mark.django_db
SECRET = "Takeover of Initech"


@pytest.fixture
def customer(seller: User) -> Customer:
    made: Customer = make(Customer, kind="organization", name="Acme", owner=seller, team=seller.team)
    return made


@pytest.fixture
def others(make_user: Any, make_team: Any) -> dict[str, Any]:
    south = make_team("South")
    return {"team": south, "owner": make_user("Sales representative", team=south)}


@pytest.fixture
def anyone(make_user: Any, api_client: Any) -> Any:
    """Return a function that makes a colleague without a team, who sees all customers and leads as far as said."""

    def make_one(level: str) -> Any:
        user = make_user()
        names = ["view_all_customer", f"view_{level}_lead"]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        return User.objects.get(pk=user.pk), api_client(user, "sales:read", "customers:read")

    return make_one


def of_kind(kind: str, customer: Customer, **people: Any) -> Any:
    """Make a record that stands on the timeline and says the secret, and change it."""
    if kind == "leads":
        one = make(Lead, customer=customer, subject=SECRET, **people)
    elif kind == "orders":
        one = make(Order, customer=customer, number=SECRET, **people)
    else:
        one = make(Opportunity, customer=customer, name=SECRET, stage=stage("Proposal"), **people)
    one.save()
    return one


def read(client: Any, customer: Customer, **params: Any) -> list[Any]:
    answer = client.get(f"/api/v1/customers/{customer.pk}/timeline", {"limit": 200, **params})
    assert answer.status_code == 200
    return list(answer.json()["results"])


@pytest.mark.parametrize("kind", ["leads", "opportunities"])
def test_another_teams_record_is_neither_on_the_timeline_nor_its_changes(
    client: Any, customer: Customer, others: dict[str, Any], kind: str
) -> None:
    of_kind(kind, customer, **others)
    assert SECRET not in json.dumps(read(client, customer))


@pytest.mark.parametrize("kind", ["leads", "orders", "opportunities"])
def test_ones_own_is_on_it(api_client: Any, customer: Customer, seller: User, kind: str) -> None:
    client = api_client(seller, "sales:read", "customers:read")
    of_kind(kind, customer, owner=seller, team=seller.team)
    assert SECRET in json.dumps(read(client, customer))


def test_what_moved_to_another_team_leaves_the_timeline_with_all_that_was_said_of_it(
    client: Any, customer: Customer, seller: User, others: dict[str, Any]
) -> None:
    lead = make(Lead, customer=customer, subject=SECRET, owner=seller, team=seller.team)
    assert SECRET in json.dumps(read(client, customer))
    lead.owner, lead.team = others["owner"], others["team"]
    lead.save()
    assert SECRET not in json.dumps(read(client, customer))
    assert {one["kind"] for one in read(client, customer)} == {"changes"}


@pytest.mark.parametrize(("level", "count"), [("own", 1), ("team", 1), ("all", 3)])
def test_a_colleague_without_a_team_sees_no_lead_that_has_none(
    anyone: Any, customer: Customer, others: dict[str, Any], level: str, count: int
) -> None:
    user, client = anyone(level)
    make(Lead, customer=customer, subject="own", owner=user, team=None)
    make(Lead, customer=customer, subject=SECRET, owner=None, team=None)
    make(Lead, customer=customer, subject="theirs", **others)
    assert len(read(client, customer, kind="leads")) == count
    assert len([one for one in read(client, customer) if one["kind"] == "changes"]) == 1
    assert len(client.get("/api/v1/leads").json()["results"]) == count


def test_who_may_see_no_leads_at_all_reads_of_none(api_client: Any, make_user: Any, customer: Customer) -> None:
    user = make_user()
    user.user_permissions.set(Permission.objects.filter(codename="view_all_customer"))
    of_kind("leads", customer, owner=None, team=None)
    assert SECRET not in json.dumps(read(api_client(user, "sales:read", "customers:read"), customer))


def test_the_page_of_the_customer_tells_no_more(customer: Customer, seller: User, others: dict[str, Any]) -> None:
    of_kind("leads", customer, **others)
    seller.is_staff = True
    seller.save()
    page = signed_in(seller).get(reverse("admin:customers_customer_overview", args=[customer.pk]))
    assert (page.status_code, SECRET in page.content.decode()) == (200, False)
