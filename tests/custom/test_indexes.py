"""The worker builds and drops the indexes of custom fields, and the lists use them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from crm.custom import actions, expressions, jobs
from crm.models import CustomField
from customers.models import Customer
from tests.custom.fields import add
from tests.plans import scanned
from tests.worker import do_all, no_jobs

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def clean(no_jobs: None) -> Any:
    """Begin without jobs and without indexes that others left, and leave none behind."""
    jobs.align_indexes.func()
    yield
    CustomField.objects.all().delete()
    jobs.align_indexes.func()


def built() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'custom\\_value\\_%'")
        return sorted(name.rpartition("_")[2] for (name,) in cursor.fetchall())


def test_an_index_comes_and_goes_as_administrators_say(make_user: Any) -> None:
    by = make_user("Administrator")
    field = add("staff", "number", is_indexed=True)
    actions.save_field(field=field, by=by)
    assert (built(), jobs.is_built(field)) == ([], False)
    do_all()
    assert (built(), jobs.is_built(field)) == (["staff"], True)
    field.name = "size"
    actions.save_field(field=field, by=by)
    do_all()
    assert built() == ["size"]
    field.is_active = False
    actions.save_field(field=field, by=by)
    do_all()
    assert built() == []


def test_filters_and_orderings_use_the_index() -> None:
    add("staff", "number", is_indexed=True)
    add("tags", "choices", choices=["a", "b"], is_indexed=True)
    rows = [Customer(name="x", custom={"staff": n, "tags": ["a" if n == 7 else "b"]}) for n in range(1_000)]
    Customer.objects.bulk_create(rows)
    jobs.align_indexes.func()
    for found, number in (
        (Customer.objects.filter(expressions.compare("staff", "exact", 5)), 1),
        (Customer.objects.filter(expressions.compare("staff", "lt", 5)), 5),
        (Customer.objects.order_by(expressions.CustomValue("staff"), "id")[:5], 5),
        (Customer.objects.filter(expressions.includes("tags", ["a"])), 1),
    ):
        assert scanned(found)["customers_customer"] == number


def test_an_index_that_was_left_half_built_is_built_anew() -> None:
    field = add("staff", "number", is_indexed=True)
    jobs.align_indexes.func()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [jobs.Index(field).name]
        )
    assert not jobs.is_built(field)
    jobs.align_indexes.func()
    assert jobs.is_built(field)
