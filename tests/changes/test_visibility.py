"""Nobody learns from the feed what they may not see."""

from __future__ import annotations

from typing import Any

import pytest

from customers.models import Customer, Interaction
from tests.samples import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def north(make_team: Any) -> Any:
    return make_team("North")


@pytest.fixture
def seller(follow: Any, make_user: Any, north: Any) -> Any:
    return follow(make_user("Sales representative", team=north), "customers:read")


def records(client: Any) -> list[str]:
    return [one["record"] for one in client.get("/api/v1/changes").json()["results"]]


def test_another_teams_changes_do_not_exist(seller: Any, north: Any, make_team: Any) -> None:
    own = make(Customer, team=north)
    make(Customer, team=make_team("South"))
    assert records(seller) == [str(own.pk)]


def test_what_belongs_to_another_teams_customer_does_not_exist(seller: Any, north: Any, make_team: Any) -> None:
    customer = make(Customer, team=north)
    own = make(Interaction, customer=customer)
    make(Interaction, customer=make(Customer, team=make_team("South")))
    assert records(seller) == [str(customer.pk), str(own.pk)]


def test_a_deletion_is_seen_by_who_saw_the_record(seller: Any, north: Any, make_team: Any) -> None:
    own, other = make(Customer, team=north), make(Customer, team=make_team("South"))
    key = str(own.pk)
    own.delete()
    other.delete()
    assert records(seller) == [key, key]


def test_a_deleted_part_is_seen_by_who_saw_the_whole(seller: Any, north: Any, make_team: Any) -> None:
    own = make(Interaction, customer=make(Customer, team=north))
    other = make(Interaction, customer=make(Customer, team=make_team("South")))
    key = str(own.pk)
    own.delete()
    other.delete()
    assert records(seller)[1:] == [key, key]


def test_who_has_no_role_sees_no_change(follow: Any, make_user: Any) -> None:
    make(Customer)
    assert records(follow(make_user(), "customers:read")) == []
