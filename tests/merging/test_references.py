"""What is written later follows a merge too, without a line about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models

from crm.merging.actions import merge_records, undo_merge
from crm.merging.references import references_to
from crm.models import ExternalReference, Merge
from customers.models import Address, Customer, Duplicate, Interaction
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm.models import User

pytestmark = pytest.mark.django_db
KEY: Any = {"on_delete": models.CASCADE, "related_name": "+"}


@pytest.fixture
def visit() -> Iterator[Any]:
    """Add a kind of row to an application, as if somebody had written it later."""

    class Visit(models.Model):
        host = models.ForeignKey(Customer, **KEY)
        title = models.CharField(max_length=20)
        guests = models.ManyToManyField(Customer, related_name="+")
        kind = models.ForeignKey(ContentType, **KEY)
        key = models.UUIDField()
        subject = GenericForeignKey("kind", "key")
        about_type = models.CharField(max_length=50)
        about_id = models.UUIDField()

        class Meta:
            app_label = "service"
            constraints = [models.UniqueConstraint(fields=["host", "title"], name="visit_once")]

        def __str__(self) -> str:
            return self.title

    references_to.cache_clear()
    with connection.schema_editor() as editor:
        editor.create_model(Visit)
    yield Visit
    for name in ("visit", "visit_guests"):
        del apps.all_models["service"][name]
    apps.clear_cache()
    references_to.cache_clear()


@pytest.fixture
def pair() -> list[Customer]:
    return [make(Customer), make(Customer)]


def visit_to(visit: Any, customer: Customer, title: str, *guests: Customer) -> Any:
    about = {"about_type": Customer.label(), "about_id": customer.pk}
    row = visit.objects.create(host=customer, title=title, subject=customer, **about)
    row.guests.set(guests)
    return row


def said(row: Any) -> tuple[Any, ...]:
    row.refresh_from_db()
    return row.host_id, row.key, row.about_id, {one.pk for one in row.guests.all()}


def test_the_registry_knows_what_refers_to_customers() -> None:
    found = {(one.model, one.name) for one in references_to(Customer)}
    own = {(Customer, "organization"), (Address, "customer"), (Interaction, "customer"), (Interaction, "about_id")}
    assert own | {(Duplicate, "first"), (Duplicate, "second")} <= found
    assert not {model for model, _name in found} & {ExternalReference, Merge}


def test_every_way_of_referring_follows_and_comes_back(visit: Any, pair: Any, integration: User) -> None:
    winner, loser = pair
    row = visit_to(visit, loser, "Fair", winner, loser)
    done = merge_records(winner=winner, loser=loser, by=integration)
    assert said(row) == (winner.pk, winner.pk, winner.pk, {winner.pk})
    undo_merge(merge=done, model=Customer)
    assert said(row) == (loser.pk, loser.pk, loser.pk, {winner.pk, loser.pk})


def test_what_there_can_be_once_only_is_left_out_and_comes_back(visit: Any, pair: Any, integration: User) -> None:
    winner, loser = pair
    kept, dropped = (visit_to(visit, one, "Fair") for one in pair)
    moved = visit_to(visit, loser, "Dinner")
    done = merge_records(winner=winner, loser=loser, by=integration)
    assert list(visit.objects.order_by("pk")) == [kept, moved]
    undo_merge(merge=done, model=Customer)
    assert list(visit.objects.order_by("pk")) == [kept, dropped, moved]
    assert said(dropped) == (loser.pk, loser.pk, loser.pk, set())
