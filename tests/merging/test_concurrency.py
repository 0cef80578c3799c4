"""Merges at the same moment as others, and as other work: nothing is lost."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from crm.database.locks import lock_together
from crm.merging.actions import NotThere, merge_records
from crm.models import Merge
from crm.privacy.actions import NotThere as Gone
from crm.privacy.actions import erase_person
from customers.models import Customer, Interaction, Relationship, RelationshipType
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crm.models import User

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (
    NotThere,
    Gone,
    ValidationError,
    IntegrityError,
)  # and no deadlock


def at_once(calls: Sequence[Callable[[], Any]], refusals: tuple[type[Exception], ...] = REFUSALS) -> list[str]:
    """Call all at the same moment, each on a connection of its own; return what each came to."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> str:
        start.wait()
        try:
            call()
        except refusals as error:
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def merging(winner: Customer, loser: Customer, by: User) -> Callable[[], Any]:
    return lambda: merge_records(winner=winner, loser=loser, by=by)


@pytest.mark.parametrize("_round", range(3))
def test_the_same_merge_twice_happens_once(integration: User, _round: int) -> None:
    winner, loser = make(Customer), make(Customer)
    call = make(Interaction, customer=loser)
    assert sorted(at_once([merging(winner, loser, integration)] * 3)) == ["NotThere", "NotThere", "done"]
    call.refresh_from_db()
    assert call.customer_id == winner.pk


@pytest.mark.parametrize("_round", range(3))
def test_of_crossed_merges_one_happens(integration: User, _round: int) -> None:
    one, other = make(Customer), make(Customer)
    calls = [make(Interaction, customer=customer) for customer in (one, other)]
    answers = at_once([merging(one, other, integration), merging(other, one, integration)])
    assert sorted(answers) == ["NotThere", "done"]
    remaining = Customer.objects.get()
    assert set(Interaction.objects.values_list("pk", "customer")) == {(call.pk, remaining.pk) for call in calls}


def log(customer: Customer) -> None:
    with transaction.atomic():
        make(Interaction, customer=customer)


@pytest.mark.parametrize("_round", range(5))
def test_an_interaction_added_meanwhile_is_moved_or_refused(integration: User, _round: int) -> None:
    winner, loser = make(Customer), make(Customer)
    adding = [lambda: log(loser)] * 4
    answers = at_once([merging(winner, loser, integration), *adding])
    assert answers[0] == "done"
    assert set(answers) <= {"done", "IntegrityError"}
    assert winner.interactions.count() == answers[1:].count("done")
    assert Interaction.objects.count() == answers[1:].count("done")


@pytest.mark.parametrize("_round", range(3))
def test_many_become_one_in_any_order_without_loss(integration: User, _round: int) -> None:
    customers = [make(Customer) for _number in range(5)]
    calls = {make(Interaction, customer=one).pk for one in customers}
    pairs = list(zip(customers[1:], customers, strict=False))
    answers = at_once([merging(one, other, integration) for one, other in pairs])
    merged = answers.count("done")
    assert Merge.objects.count() == merged
    assert Customer.objects.count() == 5 - merged
    assert set(Interaction.objects.values_list("pk", flat=True)) == calls
    assert merged >= 1


@pytest.mark.parametrize("_round", range(4))
def test_crossing_merges_of_customers_who_are_related_take_turns(integration: User, _round: int) -> None:
    ones = [make(Customer, kind="organization") for _number in range(4)]
    kind = make(RelationshipType, name="supplies", inverse_name="is supplied by")
    for one, other in itertools.permutations(ones, 2):
        Relationship.objects.create(type=kind, from_customer=one, to_customer=other)
    pairs = list(itertools.permutations(ones, 2))
    answers = at_once([merging(one, other, integration) for one, other in pairs])
    assert set(answers) == {"done", "NotThere"}
    assert Customer.objects.count() == 4 - answers.count("done")


@pytest.mark.parametrize("_round", range(4))
def test_merges_of_organizations_and_of_their_people_take_turns(integration: User, _round: int) -> None:
    ones = [make(Customer, kind="organization") for _number in range(2)]
    people = [make(Customer, kind="person", organization=ones[number % 2]) for number in range(6)]
    calls = [
        merging(ones[0], ones[1], integration),
        *(merging(a, b, integration) for a, b in itertools.pairwise(people)),
    ]
    answers = at_once(calls)
    assert answers[0] == "done"
    assert set(answers) <= {"done", "NotThere"}
    assert Customer.objects.count() == 8 - answers.count("done")


@pytest.mark.parametrize("_round", range(3))
def test_erasing_and_merging_take_turns(integration: User, _round: int) -> None:
    ones = [make(Customer) for _number in range(3)]
    for one in ones:
        make(Interaction, customer=one)
    erasing = [lambda one=one: erase_person(customer=one, by=None, reason="asked") for one in ones]
    merges = [merging(a, b, integration) for a, b in itertools.permutations(ones, 2)]
    assert set(at_once([*erasing, *merges])) <= {"done", "NotThere", "ValidationError"}


def test_rows_that_come_to_be_meant_while_others_are_locked_are_locked_too(integration: User) -> None:
    first, second = sorted((make(Customer) for _number in range(2)), key=lambda one: one.pk)
    answers = iter([[second.pk], [first.pk, second.pk], [first.pk, second.pk], [first.pk, second.pk]])
    with transaction.atomic():
        lock_together(lambda: {Customer: next(answers)})
        with ThreadPoolExecutor(1) as pool:
            free = Customer.objects.select_for_update(skip_locked=True).values_list("pk", flat=True)

            def look() -> list[Any]:
                with transaction.atomic():
                    found = list(free)
                connection.close()
                return found

            assert pool.submit(look).result() == []
