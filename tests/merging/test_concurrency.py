"""Merges at the same moment as others, and as other work: nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from crm.merging.actions import NotThere, merge_records
from crm.models import Merge
from customers.models import Customer, Interaction
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crm.models import User

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (NotThere, IntegrityError, OperationalError)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[str]:
    """Call all at the same moment, each on a connection of its own; return what each came to."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> str:
        start.wait()
        try:
            call()
        except REFUSALS as error:
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
