"""Nobody learns from the feed what they may not see."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from crm.models import Change
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


@pytest.fixture
def south(make_team: Any) -> Any:
    return make_team("South")


@pytest.fixture
def other(follow: Any, make_user: Any, south: Any) -> Any:
    return follow(make_user("Sales representative", team=south), "customers:read")


def history(client: Any, customer: Customer) -> tuple[int, list[str]]:
    answer = client.get(f"/api/v1/customers/{customer.pk}/history")
    return answer.status_code, [one["action"] for one in answer.json().get("results", ())]


def test_what_moved_to_another_team_tells_the_former_one_nothing(
    seller: Any, other: Any, north: Any, south: Any
) -> None:
    customer = make(Customer, name="Ada", team=north)
    call = make(Interaction, customer=customer, team=north)
    customer.team = south
    customer.save()
    customer.name = "Ada L."
    customer.save()
    assert (records(seller), history(seller, customer)) == ([], (404, []))
    assert records(other) == [str(customer.pk), str(call.pk), str(customer.pk), str(customer.pk)]
    assert history(other, customer) == (200, ["updated", "updated", "created"])


def test_what_moved_away_and_back_is_whole_again(seller: Any, north: Any, south: Any) -> None:
    customer = make(Customer, team=north)
    for team in (south, north):
        customer.team = team
        customer.save()
    assert history(seller, customer) == (200, ["updated", "updated", "created"])


def test_what_was_deleted_after_it_moved_away_tells_what_it_was_before_and_no_more(
    seller: Any, other: Any, north: Any, south: Any
) -> None:
    customer = make(Customer, name="Ada", team=north)
    customer.team = south
    customer.save()
    customer.name = "Secret"
    customer.save()
    customer.delete()
    told = seller.get("/api/v1/changes").json()["results"]
    assert [one["action"] for one in told] == ["created"]
    assert "Secret" not in str(told)
    assert len(records(other)) == 3


def test_who_has_no_team_sees_nothing_of_what_has_none(follow: Any, make_user: Any, make_team: Any) -> None:
    alone = make_user("Sales representative")
    client = follow(alone, "customers:read")
    own, gone = make(Customer, owner=alone), make(Customer, team=None, owner=None)
    make(Customer, team=None, owner=None)
    make(Customer, team=make_team())
    gone.delete()
    listed = [one["id"] for one in client.get("/api/v1/customers").json()["results"]]
    assert (listed, records(client)) == ([str(own.pk)], [str(own.pk)])


@pytest.mark.parametrize(("level", "expected"), [("own", 1), ("team", 2), ("all", 3)])
def test_changes_of_what_is_gone_are_seen_as_far_as_it_was(
    make_user: Any, north: Any, south: Any, level: str, expected: int
) -> None:
    user = make_user(team=north)
    user.user_permissions.add(Permission.objects.get(codename=f"view_{level}_customer"))
    user = type(user).objects.get(pk=user.pk)
    for given in ({"owner": user, "team": south}, {"team": north}, {"team": south}):
        make(Customer, **given).delete()
    seen = Change.objects.visible_to(user, [Customer]).filter(action="deleted")
    assert seen.count() == expected
