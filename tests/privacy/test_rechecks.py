"""What is looked at once more before somebody is erased, and what is left of them with others."""

from __future__ import annotations

from typing import Any

import pytest

from crm.merging.actions import merge_records
from crm.models import Erasure, IdempotencyKey, Merge
from crm.privacy.actions import erase_person
from customers.models import Customer, Relationship, RelationshipType
from customers.retention import Outcome, deactivate, erase_one
from tests.privacy.test_retention import long_ago, rule
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("changes", [{"lifecycle": "customer"}, {"lifecycle": "prospect"}])
def test_who_is_not_due_any_more_once_they_are_locked_is_left_alone(changes: dict[str, Any]) -> None:
    one, erasing, retiring = long_ago(name="Ada"), rule("erase"), rule("deactivate", name="Other")
    Customer.objects.filter(pk=one.pk).update(**changes)
    outcome = Outcome(erasing, 1)
    erase_one(erasing, one.pk, outcome)
    assert (outcome.done, outcome.refused, deactivate(retiring, [one.pk])) == (0, 0, 0)
    assert Customer.objects.filter(pk=one.pk, name="Ada", is_active=True).exists()
    assert not Erasure.objects.exists()


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
