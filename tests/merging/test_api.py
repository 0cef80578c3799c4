"""Merges over REST."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import ExternalReference, Merge
from customers.models import Customer, Interaction
from tests.samples import make

pytestmark = pytest.mark.django_db
LIST = "/api/v1/customers"


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "customers:read", "customers:write")


@pytest.fixture
def pair() -> tuple[Customer, Customer]:
    return make(Customer, name="Acme", email="a@acme.example"), make(Customer, name="ACME GmbH", email="b@acme.example")


def merge(client: Any, winner: Customer, loser: Customer, **more: Any) -> Any:
    return client.post(f"{LIST}/{winner.pk}/merge", {"loser": str(loser.pk), **more})


def test_a_merge_answers_the_winner(client: Any, pair: Any) -> None:
    winner, loser = pair
    answer = merge(client, winner, loser, fields={"email": "loser"})
    assert answer.status_code == 200
    assert answer.json() == client.get(f"{LIST}/{winner.pk}").json()
    assert (answer.json()["name"], answer.json()["email"]) == ("Acme", "b@acme.example")
    assert answer.headers["ETag"]


def test_the_id_of_the_loser_leads_to_the_winner(client: Any, pair: Any) -> None:
    winner, loser = pair
    last = make(Customer)
    merge(client, winner, loser)
    merge(client, last, winner)
    answer = client.get(f"{LIST}/{loser.pk}?fields=name")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"http://testserver{LIST}/{last.pk}?fields=name"
    assert answer.json() == {"id": str(loser.pk), "merged_into": str(last.pk)}
    assert client.get(f"{LIST}/{loser.pk}/timeline").headers["Location"].endswith(f"{LIST}/{last.pk}/timeline")


def test_the_names_of_the_loser_lead_to_the_winner(client: Any, pair: Any) -> None:
    winner, loser = pair
    ExternalReference.objects.create(record=loser, system="erp", external_id="7")
    merge(client, winner, loser)
    assert client.get(f"{LIST}/by-external-id/erp/7").json()["id"] == str(winner.pk)


def test_the_loser_keeps_its_history(client: Any, pair: Any) -> None:
    winner, loser = pair
    merge(client, winner, loser)
    changes = client.get(f"{LIST}/{loser.pk}/history").json()["results"]
    assert [one["action"] for one in changes] == ["merged", "created"]
    assert changes[0]["after"] == {"merged_into": str(winner.pk)}


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_who_would_change_the_loser_is_told_of_the_winner(client: Any, pair: Any, method: str) -> None:
    winner, loser = pair
    merge(client, winner, loser)
    answer = getattr(client, method)(f"{LIST}/{loser.pk}", {"name": "Other"})
    assert answer.status_code == 409
    assert [(one["code"], one["id"]) for one in answer.json()["errors"]] == [("merged", str(winner.pk))]
    assert Customer.objects.get().name == "Acme"


def test_a_merge_is_refused_where_there_is_no_second_record(client: Any, pair: Any) -> None:
    winner, loser = pair
    nobody = client.post(f"{LIST}/{winner.pk}/merge", {"loser": str(uuid4())})
    assert (nobody.status_code, nobody.json()["errors"][0]["pointer"]) == (422, "/loser")
    assert merge(client, winner, winner).status_code == 409
    merge(client, winner, loser)
    again = merge(client, winner, loser)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "merged")
    assert Merge.objects.count() == 1


def test_a_merge_names_what_it_does_not_understand(client: Any, pair: Any) -> None:
    unknown = merge(client, *pair, fields={"nothing": "loser"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (400, "/fields/nothing")
    assert merge(client, *pair, fields={"name": "both"}).status_code == 400
    assert merge(client, *pair, other=1).status_code == 400
    assert merge(client, pair[0], make(Customer, kind="organization")).status_code == 422
    assert Customer.objects.count() == 3


def test_undoing_over_rest(client: Any, pair: Any) -> None:
    winner, loser = pair
    call = make(Interaction, customer=loser)
    merge(client, winner, loser)
    answer = client.post(f"{LIST}/{loser.pk}/unmerge")
    assert answer.status_code == 200
    assert (answer.json()["winner"], answer.json()["left"]) == (str(winner.pk), [])
    assert client.get(f"{LIST}/{loser.pk}").json()["name"] == "ACME GmbH"
    call.refresh_from_db()
    assert call.customer_id == loser.pk
    assert client.post(f"{LIST}/{loser.pk}/unmerge").status_code == 404


def test_what_one_may_not_see_cannot_be_merged(api_client: Any, make_user: Any, make_team: Any) -> None:
    seller = make_user("Sales manager", team=make_team("North"))
    seller.groups.clear()
    own = make(Customer, owner=seller)
    others = make(Customer)
    client = api_client(seller_of_own(seller), "customers:read", "customers:write")
    assert merge(client, own, others).status_code == 422
    assert merge(client, others, own).status_code == 404
    assert Customer.objects.count() == 2


def test_a_merged_id_says_nothing_to_who_may_not_see_the_winner(
    client: Any, pair: Any, api_client: Any, make_user: Any, make_team: Any
) -> None:
    winner, loser = pair
    merge(client, winner, loser)
    outsider = api_client(make_user("Sales representative", team=make_team("South")), "customers:read")
    assert outsider.get(f"{LIST}/{loser.pk}").status_code == 404


def seller_of_own(user: Any) -> Any:
    """Let somebody change and delete customers, but see only their own."""
    from django.contrib.auth.models import Permission

    names = ("view_own_customer", "change_customer", "delete_customer", "add_customer")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return type(user).objects.get(pk=user.pk)
