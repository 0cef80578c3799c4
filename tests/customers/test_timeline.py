"""The timeline: all that happened with a customer, in one order."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from customers.models import Address, Customer, Interaction
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


def timeline(client: Any, customer: Customer, **params: Any) -> list[dict[str, Any]]:
    return list(client.get(f"/api/v1/customers/{customer.pk}/timeline", params).json()["results"])


def call(customer: Customer, subject: str, days: int = 0) -> Interaction:
    moment = timezone.now() - datetime.timedelta(days=days)
    interaction: Interaction = make(Interaction, customer=customer, subject=subject, occurred_at=moment)
    return interaction


def test_interactions_and_changes_stand_in_one_order(client: Any) -> None:
    customer = make(Customer, name="Ada")
    call(customer, "Last week", days=7)
    customer.lifecycle = "customer"
    customer.save()
    make(Address, customer=customer)
    kinds = [
        (one["kind"], one["record"].get("subject") or one["record"]["resource"]) for one in timeline(client, customer)
    ]
    assert kinds == [
        ("changes", "addresses"),
        ("changes", "customers"),
        ("changes", "customers"),
        ("interactions", "Last week"),
    ]


def test_an_entry_says_what_its_own_list_says(client: Any) -> None:
    customer = make(Customer)
    interaction = call(customer, "First call")
    (entry,) = timeline(client, customer, kind="interactions")
    assert entry["record"] == client.get(f"/api/v1/interactions/{interaction.pk}").json()
    assert (entry["customer"], entry["at"]) == (str(customer.pk), entry["record"]["occurred_at"])


def test_an_organization_shows_what_happened_with_its_people(client: Any) -> None:
    firm = make(Customer, kind="organization")
    person = make(Customer, organization=firm)
    call(person, "With a person")
    call(make(Customer), "With somebody else")
    entries = timeline(client, firm, kind="interactions")
    assert [(one["customer"], one["record"]["subject"]) for one in entries] == [(str(person.pk), "With a person")]


def test_changes_of_other_customers_are_not_on_a_timeline(client: Any) -> None:
    customer, other = make(Customer, name="Ada"), make(Customer, name="Bob")
    for one in (customer, other):
        one.lifecycle = "customer"
        one.save()
    told = [(one["customer"], one["record"]["action"]) for one in timeline(client, customer, kind="changes")]
    assert told == [(str(customer.pk), "updated"), (str(customer.pk), "created")]


def test_pages_of_a_timeline_follow_one_another(client: Any) -> None:
    customer = make(Customer)
    expected = [str(number) for number in range(5)]
    for subject in expected:
        call(customer, subject, days=int(subject))
    address = f"/api/v1/customers/{customer.pk}/timeline?kind=interactions&limit=2"
    seen: list[str] = []
    while address:
        page = client.get(address).json()
        seen += [one["record"]["subject"] for one in page["results"]]
        address = page["next"]
    assert seen == expected


def test_entries_of_one_moment_come_once_each(client: Any) -> None:
    customer = make(Customer)
    moment = timezone.now()
    keys = {str(make(Interaction, customer=customer, occurred_at=moment).pk) for _number in range(5)}
    first = client.get(f"/api/v1/customers/{customer.pk}/timeline?kind=interactions&limit=3").json()
    second = client.get(first["next"]).json()
    seen = [one["record"]["id"] for one in [*first["results"], *second["results"]]]
    assert (set(seen), len(seen)) == (keys, 5)


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WyIyMDI2IiwxXQ", "WyJ4IiwiYTpiIl0", "é"])
def test_a_cursor_of_nowhere_is_refused(client: Any, cursor: str) -> None:
    answer = client.get(f"/api/v1/customers/{make(Customer).pk}/timeline", {"cursor": cursor})
    assert answer.status_code in {400, 422}


def test_an_unknown_kind_is_refused(client: Any) -> None:
    answer = client.get(f"/api/v1/customers/{make(Customer).pk}/timeline", {"kind": "weddings"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "kind")


def test_another_teams_customer_has_no_timeline(api_client: Any, make_user: Any, make_team: Any) -> None:
    client = api_client(make_user("Sales representative", team=make_team("North")), "customers:read")
    assert client.get(f"/api/v1/customers/{make(Customer).pk}/timeline").status_code == 404


def test_people_out_of_sight_leave_the_timeline_of_their_organization(
    api_client: Any, make_user: Any, make_team: Any
) -> None:
    north = make_team("North")
    client = api_client(make_user("Sales representative", team=north), "customers:read")
    firm = make(Customer, kind="organization", team=north)
    call(make(Customer, organization=firm, team=make_team("South")), "Not for the north")
    assert timeline(client, firm, kind="interactions") == []
