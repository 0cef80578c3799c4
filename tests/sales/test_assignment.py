"""Assignment: the first rule that fits, fair turns, also at once, and managers who hear of what nobody has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from crm.models import Task, Team, User
from customers.models import Customer
from sales import actions, jobs
from sales.models import AssignmentRule, Lead
from tests.samples import make


def team_of(number: int, *, manager: bool = False) -> Team:
    team: Team = make(Team)
    for _number in range(number):
        make(User, team=team)
    if manager:
        team.manager = make(User, username=f"manager-{team.pk}", team=team)
        team.save()
    return team


def rule(**values: Any) -> AssignmentRule:
    values.setdefault("method", "user" if "user" in values else "round_robin")
    one = AssignmentRule(name=f"Rule {AssignmentRule.objects.count()}", **values)
    one.full_clean()
    one.save()
    return one


def captured(number: int = 1, **values: Any) -> Any:
    contact: Any = {"name": f"Person {number}", "email": f"person{number}@example.com", **values.pop("contact", {})}
    return actions.capture_lead(by=None, contact=contact, **values)


@pytest.mark.django_db
def test_turns_go_round_among_active_members() -> None:
    team = team_of(3)
    gone = team.members.order_by("pk")[1]
    User.objects.filter(pk=gone.pk).update(is_active=False)
    rule(team=team)
    first, _gone, third = team.members.order_by("pk")
    assert [captured(number).owner for number in range(4)] == [first, third, first, third]


@pytest.mark.django_db(transaction=True)
def test_twenty_at_the_same_moment_are_five_for_each_of_four() -> None:
    rule(team=team_of(4))

    def capture(number: int) -> None:
        try:
            captured(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(capture, range(20)))
    owners = list(Lead.objects.values_list("owner", flat=True))
    assert sorted(owners.count(one) for one in set(owners)) == [5, 5, 5, 5]


@pytest.mark.django_db
def test_by_load_whoever_has_the_fewest_open_leads_is_chosen() -> None:
    team = team_of(2)
    busy, free = team.members.order_by("pk")
    for _number in range(2):
        make(Lead, owner=busy)
    make(Lead, owner=free)
    closed = make(Lead, owner=free)
    actions.disqualify_lead(lead=closed, reason="spam")
    rule(team=team, method="load")
    assert [captured(number).owner for number in range(2)] == [free, busy]


@pytest.mark.django_db
def test_the_first_rule_that_fits_and_has_somebody_counts() -> None:
    empty, asia, rest = make(User, is_active=False), make(User), make(User)
    rule(order=1, user=empty)
    rule(order=2, user=asia, countries=["CN", "JP"], sources=["Website"])
    rule(order=3, user=make(User), industries=["Mining"])
    rule(order=4, user=rest)
    assert captured(1, contact={"country": "CN"}, source="website").owner == asia
    assert captured(2, contact={"country": "CN"}, source="fair").owner == rest
    assert captured(3, contact={"country": "DE"}, source="website").owner == rest


@pytest.mark.django_db
def test_a_known_customers_organization_decides_the_territory_and_keeps_its_owner() -> None:
    keeper, miner = make(User), make(User)
    firm = make(Customer, kind="organization", industry="mining", owner=keeper)
    person = make(Customer, email="ada@mine.example", organization=firm, owner=keeper)
    rule(user=miner, industries=["Mining"])
    lead = captured(contact={"email": "ada@mine.example"})
    person.refresh_from_db()
    assert (lead.customer, lead.owner, person.owner) == (person, miner, keeper)


@pytest.mark.django_db
def test_a_new_customer_belongs_to_whoever_has_the_lead() -> None:
    team = team_of(1)
    rule(team=team)
    lead = captured(contact={"company": "New Ltd"})
    people = Customer.objects.values_list("kind", "owner", "team").order_by("kind")
    member = team.members.get().pk
    assert list(people) == [("organization", member, team.pk), ("person", member, team.pk)]
    assert lead.team == team


@pytest.mark.django_db
def test_an_owner_who_is_named_stays_whatever_the_rules_say() -> None:
    named = make(User)
    rule(user=make(User))
    assert captured(owner=named).owner == named
    assert actions.capture_lead(by=named, contact={"name": "X"}).owner == named


@pytest.mark.django_db
def test_without_a_rule_a_lead_is_nobodys() -> None:
    assert captured().owner is None


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{"method": "user"}, {"method": "round_robin"}, {"method": "load"}])
def test_a_rule_without_a_target_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        rule(**wrong)
    with pytest.raises(ValidationError):
        rule(method="load", user=make(User), team=make(Team))
    assert not AssignmentRule.objects.exists()


@pytest.mark.django_db
def test_the_verb_gives_a_lead_to_whom_the_rules_name(api_client: Any, make_user: Any) -> None:
    manager = make_user("Sales manager")
    lead = make(Lead, owner=manager)
    client = api_client(manager, "sales:read", "sales:write")
    path = f"/api/v1/leads/{lead.pk}/assign-by-rules"
    assert client.post(path).status_code == 409
    chosen = make(User)
    rule(user=chosen)
    answer = client.post(path)
    assert (answer.status_code, answer.json()["owner"]) == (200, str(chosen.pk))
    actions.disqualify_lead(lead=lead, reason="spam")
    assert client.post(path).status_code == 409


@pytest.mark.django_db
def test_the_verb_does_not_know_a_lead_out_of_sight(api_client: Any, make_user: Any, make_team: Any) -> None:
    rule(user=make(User))
    lead = make(Lead)
    client = api_client(make_user("Sales representative", team=make_team()), "sales:read", "sales:write")
    assert client.post(f"/api/v1/leads/{lead.pk}/assign-by-rules").status_code == 404
    lead.refresh_from_db()
    assert lead.owner is None


def old(**values: Any) -> Any:
    return make(Lead, created_at=timezone.now() - timedelta(hours=25), **values)


@pytest.mark.django_db
def test_the_manager_gets_a_task_for_what_nobody_has_once(settings: Any) -> None:
    settings.LEAD_UNASSIGNED_HOURS = 24
    team = team_of(1, manager=True)
    lead = old(team=team, subject="Pumps")
    make(Lead, team=team)
    old(team=team, owner=team.manager)
    jobs.tell_managers(0)
    task = Task.objects.get()
    assert (task.assignee, task.title, task.about_id) == (team.manager, "Find somebody for the lead Pumps", lead.pk)
    task.delete()
    jobs.tell_managers(0)
    assert not Task.objects.exists()


@pytest.mark.django_db
def test_a_lead_of_no_team_is_for_the_team_of_its_customer_and_otherwise_waits() -> None:
    team = team_of(0, manager=True)
    old(customer=make(Customer, team=team))
    waiting = old()
    assert actions.tell_managers() == 1
    assert Task.objects.get().assignee == team.manager
    Lead.objects.filter(pk=waiting.pk).update(team=team)
    assert actions.tell_managers() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_give_one_task() -> None:
    old(team=team_of(0, manager=True))

    def tell(_number: int) -> None:
        try:
            actions.tell_managers()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(4)))
    assert Task.objects.count() == 1


@pytest.mark.django_db
def test_no_hours_means_never(settings: Any) -> None:
    settings.LEAD_UNASSIGNED_HOURS = 0
    old(team=team_of(0, manager=True))
    assert (actions.tell_managers(), Task.objects.count()) == (0, 0)
