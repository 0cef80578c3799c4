"""Two records become one, and two again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.custom.actions import save_field
from crm.housekeeping import remove_merged
from crm.merging.actions import NotThere, NotUndoable, merge_records, undo_merge
from crm.merging.fields import NoSuchChoice
from crm.models import Change, CustomField, ExternalReference, Merge, Tag
from crm.models.merges import KEPT
from crm.tags.actions import delete_tag
from customers.models import Address, Customer, Duplicate, Interaction
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> tuple[Customer, Customer]:
    winner = make(Customer, name="Acme", email="info@acme.example", phone="", custom={"size": 5})
    loser = make(Customer, name="ACME GmbH", email="", phone="+49 30 901820", custom={"size": 7, "colour": "red"})
    return winner, loser


def known_as(customer: Customer, external_id: str) -> None:
    ExternalReference.objects.create(record=customer, system="erp", external_id=external_id)


def names(customer: Customer) -> list[str]:
    return sorted(customer.external_references.values_list("external_id", flat=True))


def row(record: Any) -> dict[str, Any]:
    columns = type(record)._meta.concrete_fields
    values = type(record).objects.filter(pk=record.pk).values().get()
    return {one.attname: values[one.attname] for one in columns if one.attname != "updated_at"}


def merge(winner: Any, loser: Any, by: User, **fields: str) -> Merge:
    return merge_records(winner=winner, loser=loser, by=by, fields=fields)


def undo(done: Merge) -> Merge:
    return undo_merge(merge=done, model=Customer)


def test_the_winner_keeps_its_values_and_takes_those_that_it_lacks(pair: Any, integration: User) -> None:
    winner, loser = pair
    merge(winner, loser, integration)
    winner.refresh_from_db()
    assert (winner.name, winner.email, winner.phone) == ("Acme", "info@acme.example", "+49 30 901820")
    assert winner.phone_e164 == "+4930901820"
    assert winner.custom == {"size": 5, "colour": "red"}
    assert not Customer.objects.filter(pk=loser.pk).exists()


def test_values_can_be_chosen(pair: Any, integration: User) -> None:
    winner, loser = pair
    merge(
        winner, loser, integration, name="loser", phone="winner", **{"custom.size": "loser", "custom.colour": "winner"}
    )
    winner.refresh_from_db()
    assert (winner.name, winner.phone, winner.custom) == ("ACME GmbH", "", {"size": 7})


def test_a_choice_for_a_field_that_there_is_not_is_refused(pair: Any, integration: User) -> None:
    with pytest.raises(NoSuchChoice) as refusal:
        merge(pair[0], pair[1], integration, created="loser", phone_e164="loser")
    assert refusal.value.names == ["created", "phone_e164"]
    assert Customer.objects.count() == 2


def test_what_refers_to_the_loser_refers_to_the_winner(pair: Any, integration: User) -> None:
    winner, loser = pair
    call = make(Interaction, customer=loser, about_type=Customer.label(), about_id=loser.pk)
    other = make(Interaction, about_type="customers.other", about_id=loser.pk)
    known_as(winner, "1")
    known_as(loser, "2")
    merge(winner, loser, integration)
    call.refresh_from_db()
    other.refresh_from_db()
    assert (call.customer_id, call.about_id) == (winner.pk, winner.pk)
    assert other.about_id == loser.pk
    assert names(winner) == ["1", "2"]


def test_people_follow_their_organization(integration: User) -> None:
    winner, loser = (make(Customer, kind="organization") for _number in range(2))
    person = make(Customer, organization=loser)
    merge(winner, loser, integration)
    person.refresh_from_db()
    assert person.organization_id == winner.pk


def test_both_addresses_stay_and_one_is_primary(pair: Any, integration: User) -> None:
    winner, loser = pair
    first, second = (make(Address, customer=one, is_primary=True) for one in pair)
    done = merge(winner, loser, integration)
    assert set(winner.addresses.values_list("pk", "is_primary")) == {(first.pk, True), (second.pk, False)}
    undo(done)
    second.refresh_from_db()
    assert (second.customer_id, second.is_primary) == (loser.pk, True)


def test_pairs_of_duplicates_do_not_outlive_the_loser_but_come_back(pair: Any, integration: User) -> None:
    first, second = sorted(pair, key=lambda one: one.pk)
    Duplicate.objects.create(first=first, second=second, score="0.84", reasons=["name"], dismissed_at=timezone.now())
    done = merge(pair[0], pair[1], integration)
    assert not Duplicate.objects.exists()
    undo(done)
    assert Duplicate.objects.get().reasons == ["name"]


def test_a_person_and_an_organization_cannot_be_one(integration: User) -> None:
    person, organization = make(Customer), make(Customer, kind="organization")
    with pytest.raises(ValidationError) as refusal:
        merge(person, organization, integration)
    assert refusal.value.code == "kinds_differ"
    assert Customer.objects.count() == 2
    assert not Merge.objects.exists()


def test_undoing_restores_all(pair: Any, integration: User) -> None:
    winner, loser = pair
    calls = [make(Interaction, customer=one) for one in pair]
    known_as(winner, "1")
    known_as(loser, "2")
    before = [row(one) for one in (*pair, *calls)]
    undone = undo(merge(winner, loser, integration, name="loser"))
    assert [row(one) for one in (*pair, *calls)] == before
    assert (names(winner), names(loser)) == (["1"], ["2"])
    assert undone.left == []
    assert undone.undone_at is not None


def test_undoing_leaves_what_changed_since(pair: Any, integration: User) -> None:
    winner, loser = pair
    call = make(Interaction, customer=loser)
    done = merge(winner, loser, integration, name="loser")
    winner.refresh_from_db()
    winner.name = "Acme Holding"
    winner.save()
    call.delete()
    undone = undo(done)
    winner.refresh_from_db()
    assert (winner.name, winner.phone) == ("Acme Holding", "")
    assert undone.left == ["name", "customers.interaction"]


def test_values_of_a_field_that_was_renamed_since_come_back_too(pair: Any, integration: User) -> None:
    winner, loser = pair
    kind = ContentType.objects.get_for_model(Customer)
    field = make(CustomField, content_type=kind, name="colour", type="text")
    done = merge(winner, loser, integration)
    field.name = "tint"
    save_field(field=field, by=integration)
    assert undo(done).left == []
    assert Customer.objects.get(pk=winner.pk).custom == {"size": 5}
    assert Customer.objects.get(pk=loser.pk).custom == {"size": 7, "tint": "red"}


def test_a_tag_that_is_written_otherwise_since_does_not_keep_a_merge(integration: User) -> None:
    winner, loser = make(Customer, tags=["b2b"]), make(Customer, tags=["Vip"])
    done = merge(winner, loser, integration)
    for tag in Tag.objects.filter(name="Vip"):
        delete_tag(tag=tag)
    make(Customer, tags=["VIP"])
    undo(done)
    assert Customer.objects.get(pk=loser.pk).tags == ["VIP"]


def test_a_merge_is_undone_once_and_within_thirty_days(pair: Any, integration: User) -> None:
    done = merge(pair[0], pair[1], integration)
    Merge.objects.update(at=timezone.now() - KEPT)
    with pytest.raises(NotUndoable):
        undo(done)
    Merge.objects.update(at=timezone.now())
    undo(done)
    with pytest.raises(NotUndoable):
        undo(done)
    assert Customer.objects.count() == 2


def test_after_thirty_days_only_the_ids_are_remembered(pair: Any, integration: User) -> None:
    winner, loser = pair
    merge(winner, loser, integration)
    remove_merged()
    assert Merge.objects.get().before is not None
    Merge.objects.update(at=timezone.now() - KEPT)
    remove_merged()
    assert Merge.objects.get().before is None
    assert Merge.objects.successor(Customer, loser.pk) == winner.pk


def test_of_two_merges_the_later_is_undone_first(pair: Any, integration: User) -> None:
    winner, loser = pair
    last = make(Customer)
    first, second = merge(winner, loser, integration), merge(last, winner, integration)
    with pytest.raises(NotUndoable):
        undo(first)
    assert Merge.objects.successor(Customer, loser.pk) == last.pk
    undo(second)
    undo(first)
    assert Customer.objects.count() == 3
    assert Merge.objects.successor(Customer, loser.pk) is None


def test_a_merge_needs_two_records_that_are_there(pair: Any, integration: User) -> None:
    winner, loser = pair
    merge(winner, loser, integration)
    for one, other in ((winner, loser), (loser, winner), (winner, winner)):
        with pytest.raises(NotThere):
            merge(one, other, integration)
    assert Merge.objects.count() == 1


def test_the_feed_tells_of_the_merge(pair: Any, integration: User) -> None:
    winner, loser = pair
    call = make(Interaction, customer=loser)
    merge(winner, loser, integration)
    last = Change.objects.filter(record=loser.pk).latest("sequence")
    assert (last.action, last.after, last.customer) == ("merged", {"merged_into": str(winner.pk)}, winner.pk)
    assert last.before is not None
    assert last.before["name"] == "ACME GmbH"
    moved = Change.objects.filter(record=call.pk).latest("sequence")
    assert (moved.before, moved.after) == ({"customer": str(loser.pk)}, {"customer": str(winner.pk)})


def test_many_rows_move_in_as_many_statements_as_one(
    pair: Any, integration: User, django_assert_max_num_queries: Any
) -> None:
    winner, loser = pair
    for _number in range(50):
        make(Interaction, customer=loser)
    with django_assert_max_num_queries(60):
        merge(winner, loser, integration)
    assert winner.interactions.count() == 50


def test_the_one_has_the_tags_of_both_until_they_are_two_again(integration: User) -> None:
    winner = make(Customer, name="John Doe", tags=["vip", "fair"])
    loser = make(Customer, name="J. Doe", tags=["press", "vip"])
    merge = merge_records(winner=winner, loser=loser, by=integration)
    assert Customer.objects.get(pk=winner.pk).tags == ["vip", "fair", "press"]
    undo_merge(merge=merge, model=Customer)
    assert Customer.objects.get(pk=winner.pk).tags == ["vip", "fair"]
    assert Customer.objects.get(pk=loser.pk).tags == ["press", "vip"]
