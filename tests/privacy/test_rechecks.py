"""What is looked at once more before somebody is erased, and what is left of them with others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.merging.actions import merge_records
from crm.models import Erasure, IdempotencyKey, Merge, Task
from crm.privacy.actions import erase_person
from customers.models import Address, Customer, Interaction, Relationship, RelationshipType, RetentionRule
from customers.retention import Outcome, deactivate, erase_one
from tests.privacy.test_retention import long_ago, rule
from tests.samples import make
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

pytestmark = pytest.mark.django_db


def becomes_a_customer(one: Customer) -> None:
    Customer.objects.filter(pk=one.pk).update(lifecycle="customer")


def is_spoken_to(one: Customer) -> None:
    make(Interaction, customer=one, occurred_at=timezone.now())


def is_to_be_called(one: Customer) -> None:
    make(Task, about_type=Customer.label(), about_id=one.pk)


def moves(one: Customer) -> None:
    make(Address, customer=one)


def comes_anew(one: Customer) -> None:
    Customer.objects.filter(pk=one.pk).update(created_at=timezone.now())


CHANGES = [becomes_a_customer, is_spoken_to, is_to_be_called, moves, comes_anew]


@pytest.mark.parametrize("change", CHANGES)
def test_who_is_not_due_any_more_once_they_are_locked_is_left_alone(change: Callable[[Customer], None]) -> None:
    first, one, last = long_ago(), long_ago(name="Ada"), long_ago()
    erasing, retiring = rule("erase"), rule("deactivate", name="Other")
    change(one)
    outcome = Outcome(erasing, 1)
    erase_one(erasing, one.pk, outcome)
    assert (outcome.done, outcome.refused, deactivate(retiring, [one.pk])) == (0, 0, 0)
    left = Customer.objects.filter(pk__in=[first.pk, one.pk, last.pk], is_active=True, erased_at=None)
    assert (left.count(), Customer.objects.get(pk=one.pk).name, Erasure.objects.exists()) == (3, "Ada", False)


@pytest.mark.parametrize("verb", ["erase", "deactivate"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_only_whom_it_is_the_turn_of_is_done(place: int, verb: str) -> None:
    keys = [long_ago().pk for _number in range(3)]
    assert done(Outcome(rule(verb), 3), keys[place]) == 1
    left = Customer.objects.filter(is_active=True, erased_at=None)
    assert set(left.values_list("pk", flat=True)) == set(keys) - {keys[place]}
    certified = list(Erasure.objects.values_list("customer", flat=True))
    assert certified == ([keys[place]] if verb == "erase" else [])


def done(outcome: Outcome, key: UUID) -> int:
    if outcome.rule.verb == RetentionRule.Verb.DEACTIVATE:
        return deactivate(outcome.rule, [key])
    erase_one(outcome.rule, key, outcome)
    return outcome.done + outcome.refused


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["erase", "deactivate"])
def test_what_is_just_being_written_of_a_customer_is_waited_for(verb: str) -> None:
    one, outcome = long_ago(name="Ada"), Outcome(rule(verb), 1)
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            Customer.objects.filter(pk=one.pk).update(description="Called again")
            late = thread.submit(done_elsewhere, outcome, one.pk)
            wait_until(is_waited_for, 120)
        assert late.result(120) == 0
    assert Customer.objects.filter(pk=one.pk, name="Ada", is_active=True, erased_at=None).exists()


def done_elsewhere(outcome: Outcome, key: UUID) -> int:
    try:
        return done(outcome, key)
    finally:
        connection.close()


def is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])


def test_who_is_still_due_is_erased_once() -> None:
    one, erasing = long_ago(name="Ada"), rule("erase")
    outcome = Outcome(erasing, 1)
    erase_one(erasing, one.pk, outcome)
    erase_one(erasing, one.pk, outcome)
    assert (outcome.done, Erasure.objects.count()) == (1, 1)


def test_a_merge_of_others_keeps_no_row_that_names_the_erased(integration: Any) -> None:
    ones = [make(Customer, kind="organization") for _number in range(2)]
    erased, other = make(Customer), make(Customer)
    kind = make(RelationshipType, name="supplies", inverse_name="is supplied by")
    for one in ones:
        for to in (erased, other):
            Relationship.objects.create(type=kind, from_customer=one, to_customer=to, note="knows well")
    merge = merge_records(winner=ones[0], loser=ones[1], by=integration)
    assert str(erased.pk) in str(merge.before)
    erase_person(customer=erased, by=integration, reason="asked")
    before = str(Merge.objects.get(pk=merge.pk).before)
    assert (str(erased.pk) in before, str(other.pk) in before) == (False, True)


def test_an_answer_that_is_replayed_tells_nothing_of_the_erased(api_client: Any, integration: Any) -> None:
    client = api_client(integration, "customers:read", "customers:write")
    asks = [{"name": name, "kind": "person"} for name in ("Xanthippe Quagmire", "Bob Stone")]
    for number, body in enumerate(asks):
        client.post("/api/v1/customers", body, headers={"idempotency-key": f"key-{number}"})
    erase_person(customer=Customer.objects.get(name="Xanthippe Quagmire"), by=integration, reason="asked")
    again = [
        client.post("/api/v1/customers", body, headers={"idempotency-key": f"key-{number}"})
        for number, body in enumerate(asks)
    ]
    assert [one.status_code for one in again] == [410, 201]
    assert b"Xanthippe" not in again[0].content
    assert (Customer.objects.count(), IdempotencyKey.objects.count()) == (2, 2)
