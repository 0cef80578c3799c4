"""What customers have follows them when two become one, and comes back when they are two again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile

from crm.attachments.actions import attach
from crm.changes import timeline
from crm.merging.actions import merge_records, undo_merge
from crm.models import Attachment, Task
from customers.models import Consent, Customer, Relationship, RelationshipType
from tests.samples import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(integration: Any) -> tuple[Customer, Customer]:
    return make(Customer, kind="organization", owner=integration), make(Customer, kind="organization")


def merge(pair: tuple[Customer, Customer], user: Any) -> Any:
    winner, loser = pair
    return merge_records(winner=winner, loser=loser, by=user)


def kind(name: str) -> RelationshipType:
    return RelationshipType.objects.get(name=name)


def test_consent_tasks_and_files_follow_and_come_back(pair: Any, integration: Any) -> None:
    winner, loser = pair
    make(Consent, customer=loser)
    make(Task, about_type="customers.customer", about_id=loser.pk)
    attach(about=loser, name="note.txt", content=ContentFile(b"hello"), by=integration)
    key = loser.pk
    done = merge(pair, integration)
    kinds: tuple[Any, ...] = (Consent, Task, Attachment)
    assert {model.objects.values_list("customer", flat=True).get() for model in kinds} == {winner.pk}
    assert {model.objects.values_list("about_id", flat=True).get() for model in kinds[1:]} == {winner.pk}
    assert undo_merge(merge=done, model=Customer).left == []
    assert {model.objects.values_list("customer", flat=True).get() for model in kinds} == {key}


def test_a_relation_to_each_other_ends_and_comes_back(pair: Any, integration: Any) -> None:
    winner, loser = pair
    made = make(Relationship, from_customer=winner, to_customer=loser, type=kind("parent of"))
    done = merge(pair, integration)
    assert not Relationship.objects.exists()
    undo_merge(merge=done, model=Customer)
    assert Relationship.objects.get().pk == made.pk


def test_a_relation_that_both_have_is_kept_once(pair: Any, integration: Any) -> None:
    winner, loser = pair
    third = make(Customer, kind="organization")
    make(Relationship, from_customer=winner, to_customer=third, type=kind("partner of"))
    make(Relationship, from_customer=third, to_customer=loser, type=kind("partner of"))
    make(Relationship, from_customer=loser, to_customer=third, type=kind("parent of"))
    done = merge(pair, integration)
    assert set(Relationship.objects.values_list("from_customer", "to_customer")) == {(winner.pk, third.pk)}
    assert Relationship.objects.count() == 2
    undo_merge(merge=done, model=Customer)
    assert Relationship.objects.filter(to_customer=loser.pk).count() == 1
    assert Relationship.objects.count() == 3


def test_the_timeline_tells_what_happened_to_both(pair: Any, integration: Any, api_client: Any) -> None:
    winner, loser = pair
    loser.lifecycle = "former"
    loser.save()
    key = str(loser.pk)
    merge(pair, integration)
    client = api_client(integration, "customers:read")
    found = client.get(f"/api/v1/customers/{winner.pk}/timeline?kind={timeline.CHANGES}").json()["results"]
    told = [(one["record"]["record"], one["record"]["action"]) for one in found]
    assert (key, "merged") in told
    assert (key, "updated") in told
