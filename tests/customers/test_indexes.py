"""Indexes answer what is asked of tasks, files, and what the change feed tells of a customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Attachment, Change, Erasure, Task
from crm.privacy import person
from customers.models import Customer
from tests.plans import forget, scanned

pytestmark = pytest.mark.django_db


def many(model: Any, number: int = 2_000, **fields: Any) -> None:
    """Make so many rows."""
    model.objects.bulk_create(model(**fields) for _ in range(number))


def test_tasks_are_found_by_how_they_stand_and_when_they_were_done() -> None:
    now = timezone.now()
    many(Task, title="Call")
    many(Task, 3, title="Call", status="cancelled", remind_at=now)
    many(Task, 3, title="Call", status="done", completed_at=now)
    later, sooner = now - timedelta(minutes=1), now + timedelta(minutes=1)
    for found in (
        Task.objects.filter(status="cancelled").order_by("due_order", "id")[:50],
        Task.objects.filter(completed_at__gt=later).order_by("id"),
        Task.objects.filter(remind_at__lt=sooner).order_by("id"),
    ):
        assert scanned(found)["crm_task"] == 3


def test_what_somebody_has_done_today_is_found_by_them_and_the_day(make_user: Any) -> None:
    now, ann, bob = timezone.now(), make_user("Auditor"), make_user("Auditor")
    many(Task, title="Call", status="done", completed_by=ann, completed_at=now)
    many(Task, title="Call", status="done", completed_by=bob, completed_at=now - timedelta(days=2))
    many(Task, 3, title="Call", status="done", completed_by=bob, completed_at=now)
    done = Task.objects.filter(completed_by=bob, completed_at__gte=now)
    assert scanned(done.order_by("-completed_at")[:2], sorts=False) == {"crm_task": 2}


def test_files_are_found_by_their_content() -> None:
    attach(2000)
    Attachment.objects.filter(name="1.pdf").update(sha256="0" * 64)
    assert scanned(Attachment.objects.filter(sha256="0" * 64).order_by("id"))["crm_attachment"] == 1


def attach(number: int) -> None:
    customers = Customer.objects.bulk_create(Customer(name=f"Customer {n}") for n in range(number))
    Attachment.objects.bulk_create(
        Attachment(about_type="customers.customer", about_id=one.pk, name=f"{n}.pdf", size=1)
        for n, one in enumerate(customers)
    )


@pytest.mark.parametrize("role", ["Sales manager", "Sales representative"])
def test_a_list_of_files_looks_for_the_record_of_each_and_reads_no_other_table_first(make_user: Any, role: str) -> None:
    user = make_user(role)
    attach(2000)
    Customer.objects.update(owner=user)
    found = scanned(Attachment.objects.visible_to(user).order_by("id")[:50], sorts=False)
    assert (found["crm_attachment"], found["customers_customer"]) == (50, 50)


def test_a_list_of_erasures_looks_for_the_customer_of_each(make_user: Any) -> None:
    user = make_user("Sales manager")
    said: Any = {"by": user, "reason": "Asked.", "model": "customers.customer", "counts": {}, "sha256": "0" * 64}
    customers = Customer.objects.bulk_create(Customer(name=f"Customer {n}", owner=user) for n in range(2_000))
    Erasure.objects.bulk_create(Erasure(customer=one.pk, **said) for one in customers)
    found = scanned(Erasure.objects.visible_to(user).order_by("-at", "-id")[:50], sorts=False)
    assert (found["crm_erasure"], found["customers_customer"]) == (50, 50)


def test_what_the_feed_tells_of_a_customer_is_read_by_indexes() -> None:
    forget(Change)
    ann = Customer.objects.create(name="Ann")
    Customer.objects.bulk_create(Customer(name=f"Customer {n}") for n in range(2_000))
    assert scanned(person.find(ann).changes())["crm_change"] <= 10
