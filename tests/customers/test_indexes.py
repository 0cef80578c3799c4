"""Indexes answer what is asked of tasks, files, and what the change feed tells of a customer."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import Attachment, Erasure, Task
from crm.privacy import person
from customers.models import Customer
from tests.plans import plan

pytestmark = pytest.mark.django_db


def analyzed(model: Any, number: int, **fields: Any) -> None:
    """Make so many rows, and let PostgreSQL know of them."""
    model.objects.bulk_create(model(**fields) for _ in range(number))
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table}")


def test_tasks_are_found_by_how_they_stand_and_when_they_were_done() -> None:
    now = timezone.now()
    analyzed(Task, 2000, title="Call")
    assert "task_status" in plan(Task.objects.filter(status="cancelled").order_by("due_order", "id")[:50])
    assert "task_completed" in plan(Task.objects.filter(completed_at__gt=now).order_by("id"))
    assert "task_reminder" in plan(Task.objects.filter(remind_at__lt=now).order_by("id"))


def test_what_somebody_has_done_today_is_found_by_them_and_the_day(make_user: Any) -> None:
    now = timezone.now()
    analyzed(Task, 2000, title="Call", status="done", completed_by=make_user("Auditor"), completed_at=now)
    done = Task.objects.filter(completed_by=make_user("Auditor").pk, completed_at__gte=now)
    assert "Index Cond: ((completed_by_id" in plan(done.order_by("-completed_at"), sorts=False)
    assert "task_completed_by" in plan(done.order_by("-completed_at"), sorts=False)


def test_files_are_found_by_their_content() -> None:
    attach(2000)
    assert "attachment_sha256" in plan(Attachment.objects.filter(sha256="0" * 64).order_by("id"))


def attach(number: int) -> None:
    customers = Customer.objects.bulk_create(Customer(name=f"Customer {n}") for n in range(number))
    Attachment.objects.bulk_create(
        Attachment(about_type="customers.customer", about_id=one.pk, name="a.pdf", size=1) for one in customers
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE customers_customer, crm_attachment")


@pytest.mark.parametrize("role", ["Sales manager", "Sales representative"])
def test_a_list_of_files_looks_for_the_record_of_each_and_reads_no_other_table_first(make_user: Any, role: str) -> None:
    user = make_user(role)
    attach(2000)
    assert "hashed" not in plan(Attachment.objects.visible_to(user).order_by("id")[:50])


def test_a_list_of_erasures_looks_for_the_customer_of_each(make_user: Any) -> None:
    found = plan(Erasure.objects.visible_to(make_user("Sales manager")).order_by("-at", "-id")[:50])
    assert "erasure_at" in found
    assert "hashed" not in found


def test_what_the_feed_tells_of_a_customer_is_read_by_indexes() -> None:
    found = plan(person.find(Customer.objects.create(name="Ann")).changes())
    assert "Seq Scan on crm_change" not in found
    for name in ("about", "from_customer", "to_customer"):
        assert f"change_before_{name}" in found
        assert f"change_after_{name}" in found
