"""Rows that refer to records of another resource by the ERP's ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import SyncRefusal
from crm.sync import registry
from crm.sync.receiving import bring_up
from crm.sync.registry import Part
from customers.models import Customer, Interaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sync.conftest import Erp

pytestmark = pytest.mark.django_db

VISITS = """
[resources.visits]
key = "Visit"
[resources.visits.options]
files = "visits*.csv"
[resources.visits.visit.fields]
subject = "Subject"
occurred_at = { constant = "2026-01-02T12:00:00Z" }
kind = { constant = "visit" }
direction = { constant = "outbound" }
customer = { reference = "{Customer}" }
"""
CUSTOMERS = "No,Name\n1,Alpha\n2,Beta\n"
HEAD = "Visit,Customer,Subject\n"


class Visits:
    """Takes rows about visits."""

    parts = {"visit": Part(Interaction)}

    @classmethod
    def upsert(cls, **given: Any) -> Any:
        return bring_up(cls.parts, given)  # type: ignore[arg-type]  # as the engine gives it


@pytest.fixture
def shop(erp: Erp) -> Iterator[Erp]:
    registry.register("visits", f"{__name__}.Visits")
    fields = '[resources.customers.organization.fields]\nname = "Name"\n' + VISITS
    erp.map(options='files = "customers*.csv"', fields=fields)
    erp.drop(CUSTOMERS, "customers.csv")
    yield erp
    del registry._paths["visits"]


def test_a_row_is_joined_to_a_record_that_another_resource_brought(shop: Erp) -> None:
    shop.drop(HEAD + "a,2,First\n", "visits.csv")
    assert shop.pull() == 0
    assert Interaction.objects.get().customer.name == "Beta"


def test_a_reference_that_changes_is_followed_and_one_that_does_not_is_left(shop: Erp) -> None:
    shop.drop(HEAD + "a,2,First\nb,1,Second\n", "visits.csv")
    shop.pull()
    shop.drop(HEAD + "a,1,First\nb,1,Second\n", "visits.csv")
    assert shop.counts("--resource", "visits") == {"read": 2, "updated": 1, "unchanged": 1}
    assert set(Interaction.objects.values_list("customer__name", flat=True)) == {"Alpha"}


def test_a_row_that_refers_to_nothing_is_refused_and_says_so(shop: Erp) -> None:
    shop.drop(HEAD + "a,9,First\nb,,Second\nc,1,Third\n", "visits.csv")
    assert shop.pull() == 3
    assert Interaction.objects.get().subject == "Third"
    first, second = SyncRefusal.objects.order_by("identity")
    assert first.reasons == {"visit.customer": ["There is no customer of the ERP's id 9 here."]}
    assert list(second.reasons) == ["visit.customer"]


def test_a_refused_row_is_taken_once_the_record_has_come(shop: Erp) -> None:
    shop.drop(HEAD + "a,9,First\n", "visits.csv")
    shop.pull()
    shop.drop("No,Name\n9,Gamma\n", "customers-2.csv")
    shop.pull("--resource", "customers")
    assert shop.run("erp_retry") == 0
    assert Interaction.objects.get().customer == Customer.objects.get(name="Gamma")


def test_a_dry_run_knows_the_records_that_it_would_have_made(shop: Erp) -> None:
    shop.drop(HEAD + "a,2,First\n", "visits.csv")
    assert shop.pull("--dry-run") == 0
    assert not Customer.objects.exists()


def test_references_of_many_rows_take_as_many_statements_as_those_of_few(shop: Erp) -> None:
    shop.drop(HEAD + "0,1,First\n", "visits.csv")
    shop.pull()
    shop.drop(HEAD + "".join(f"{number},1,Few\n" for number in range(1, 4)), "visits.csv")
    with CaptureQueriesContext(connection) as few:
        shop.pull("--resource", "visits")
    shop.drop(HEAD + "".join(f"{number},2,Many\n" for number in range(10, 110)), "visits.csv")
    with CaptureQueriesContext(connection) as many:
        shop.pull("--resource", "visits")
    assert len(many) == len(few)


def test_only_a_foreign_key_to_a_record_can_be_a_reference(shop: Erp) -> None:
    fields = '[resources.customers.organization.fields]\nname = "Name"\n' + VISITS.replace("customer = {", "user = {")
    shop.map(options='files = "customers*.csv"', fields=fields)
    assert shop.pull() == 2
    assert "user does not refer to records of another resource" in shop.err
