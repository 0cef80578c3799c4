"""Who sees which records: by level, team and person, and by what a record is a part of or about."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from crm.models import Attachment, Task, User
from customers.models import Customer, Interaction
from sales.models import Order, OrderLine
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def seeing(make_user: Any) -> Any:
    """Return who makes a colleague that sees customers, and more, as far as a level says."""

    def make_one(level: str, team: Any = None, *kinds: str) -> User:
        user: User = make_user(team=team)
        names = [f"view_{level}_{kind}" for kind in kinds or ("customer",)]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        return User.objects.get(pk=user.pk)

    return make_one


@pytest.fixture
def customers(make_team: Any, make_user: Any) -> dict[str, Customer]:
    north, south = make_team("North"), make_team("South")
    return {
        "north": make(Customer, name="north", team=north),
        "south": make(Customer, name="south", team=south),
        "no team": make(Customer, name="no team", team=None),
    }


def names(rows: Any) -> list[str]:
    return sorted(rows.values_list("name", flat=True))


def test_who_sees_all_sees_all(customers: Any, seeing: Any) -> None:
    assert names(Customer.objects.visible_to(seeing("all"))) == ["no team", "north", "south"]


def test_who_sees_a_team_sees_its_records_and_their_own(customers: Any, seeing: Any) -> None:
    user = seeing("team", customers["north"].team)
    make(Customer, name="own", owner=user, team=customers["south"].team)
    assert names(Customer.objects.visible_to(user)) == ["north", "own"]


def test_who_has_no_team_sees_no_record_without_one(customers: Any, seeing: Any) -> None:
    user = seeing("team")
    make(Customer, name="own", owner=user)
    assert names(Customer.objects.visible_to(user)) == ["own"]


def test_who_sees_their_own_sees_nothing_of_their_team(customers: Any, seeing: Any) -> None:
    user = seeing("own", customers["north"].team)
    make(Customer, name="own", owner=user)
    assert names(Customer.objects.visible_to(user)) == ["own"]


def test_who_may_see_none_and_who_is_nobody_see_nothing(customers: Any, make_user: Any) -> None:
    user, nobody = make_user(team=customers["north"].team), User(pk=None, is_superuser=True)
    make(Customer, name="own", owner=user)
    assert names(Customer.objects.visible_to(user)) == []
    assert names(Customer.objects.visible_to(nobody)) == []


@pytest.mark.parametrize("level", ["own", "team", "all"])
def test_who_is_to_do_a_task_sees_it_however_little_else_they_see(make_user: Any, seeing: Any, level: str) -> None:
    user, other = seeing(level, None, "task"), make_user()
    make(Task, title="to do", owner=other, assignee=user)
    make(Task, title="given", owner=user, assignee=other)
    make(Task, title="of others", owner=other, assignee=other)
    expected = ["given", "of others", "to do"] if level == "all" else ["given", "to do"]
    assert sorted(Task.objects.visible_to(user).values_list("title", flat=True)) == expected


@pytest.mark.parametrize(("level", "seen"), [("all", ["no team", "north", "south"]), ("team", ["north"]), ("own", [])])
def test_a_part_is_seen_by_who_sees_the_whole(customers: Any, seeing: Any, level: str, seen: list[str]) -> None:
    for name, customer in customers.items():
        make(Interaction, customer=customer, subject=name)
    user = seeing(level, customers["north"].team, "customer", "interaction")
    assert sorted(Interaction.objects.visible_to(user).values_list("subject", flat=True)) == seen


@pytest.mark.parametrize("kind", ["interaction", "customer"])
def test_a_part_is_not_seen_by_who_may_see_it_or_the_whole_alone(customers: Any, seeing: Any, kind: str) -> None:
    make(Interaction, customer=customers["north"])
    user = seeing("all", customers["north"].team, kind)
    assert list(Interaction.objects.visible_to(user)) == []


@pytest.mark.parametrize(
    ("kinds", "count"),
    [
        (("orderline", "order", "customer"), 1),
        (("orderline", "order"), 0),
        (("orderline", "customer"), 0),
        (("order", "customer"), 0),
    ],
)
def test_a_part_of_a_part_is_seen_by_who_may_see_all_that_stands_above_it(
    customers: Any, seeing: Any, kinds: tuple[str, ...], count: int
) -> None:
    make(OrderLine, order=make(Order, customer=customers["north"]))
    assert OrderLine.objects.visible_to(seeing("all", None, *kinds)).count() == count
    assert OrderLine.objects.visible_to(seeing("team", customers["north"].team, *kinds)).count() == count
    assert OrderLine.objects.visible_to(seeing("team", customers["south"].team, *kinds)).count() == 0


def test_a_file_is_seen_by_who_sees_the_very_record_that_it_is_attached_to(customers: Any, seeing: Any) -> None:
    for name, customer in customers.items():
        about = {"about_type": "customers.customer", "about_id": customer.pk}
        Attachment.objects.create(name=name, size=1, **about)
    user = seeing("team", customers["north"].team, "customer", "attachment")
    assert names(Attachment.objects.visible_to(user)) == ["north"]
    assert names(Attachment.objects.visible_to(seeing("all", None, "attachment"))) == []


def test_a_record_is_known_by_system_and_identifier_together(customers: Any) -> None:
    for name, system in (("north", "erp"), ("south", "shop")):
        customers[name].external_references.create(system=system, external_id="1")
    assert names(Customer.objects.known_as("erp", "1")) == ["north"]
    assert names(Customer.objects.known_as("shop", "1")) == ["south"]
    assert names(Customer.objects.known_as("erp", "2")) == []


def test_a_search_finds_what_contains_the_text_and_nothing_else(customers: Any) -> None:
    assert names(Customer.objects.search(" ORT ")) == ["north"]
    assert names(Customer.objects.search("%")) == []
