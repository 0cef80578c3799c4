"""Rules say who is kept no longer; nothing happens to anyone else, and nothing without being asked for."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app

from crm.models import Change, Erasure, Task
from crm.sync.runs import only_one
from customers.jobs import apply_retention
from customers.models import Customer, Interaction, RetentionRule
from customers.retention import apply_rule
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Iterator


def long_ago(**fields: Any) -> Customer:
    """Make a customer of whom nothing was heard for a year."""
    customer: Customer = make(Customer, lifecycle="lead", **fields)
    year = timezone.now() - timedelta(days=365)
    Customer.objects.filter(pk=customer.pk).update(created_at=year, updated_at=year)
    Change.objects.filter(record=customer.pk).update(at=year)
    return customer


def rule(verb: str, **fields: Any) -> RetentionRule:
    values = {"name": f"Leads: {verb}", "lifecycle": "lead", "days": 180, "verb": verb, **fields}
    return RetentionRule.objects.create(**values)


def run(*arguments: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("apply_retention", "--json", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_without_apply_nothing_changes() -> None:
    customer = long_ago()
    rule("erase")
    assert run() == [{"rule": "Leads: erase", "verb": "erase", "due": 1, "done": 0, "refused": 0, "applied": False}]
    assert Customer.objects.get(pk=customer.pk).name == customer.name
    assert not Erasure.objects.exists()


def test_who_is_due_is_erased_and_nobody_else() -> None:
    due, fresh = long_ago(), make(Customer, lifecycle="lead")
    busy, spoken, other = long_ago(), long_ago(), long_ago()
    make(Task, about_type=Customer.label(), about_id=busy.pk)
    make(Interaction, customer=spoken, occurred_at=timezone.now())
    Customer.objects.filter(pk=other.pk).update(lifecycle="customer")
    rule("erase")
    assert run("--apply")[0]["done"] == 1
    assert Erasure.objects.get().customer == due.pk
    assert Erasure.objects.get().reason == "Leads: erase"
    kept = Customer.objects.filter(pk__in=[fresh.pk, busy.pk, spoken.pk, other.pk], erased_at=None)
    assert kept.count() == 4
    assert Change.objects.get(record=due.pk, action="erased").command == "apply_retention"


def test_a_change_of_what_is_theirs_lets_the_time_begin_anew() -> None:
    customer = long_ago()
    made = make(Interaction, customer=customer, occurred_at=timezone.now() - timedelta(days=300))
    rule("erase")
    assert run("--apply")[0]["due"] == 0
    Change.objects.filter(record=made.pk).update(at=timezone.now() - timedelta(days=300))
    assert run("--apply")[0]["done"] == 1


def test_who_was_deactivated_is_erased_in_their_own_time() -> None:
    customer = long_ago()
    rule("deactivate")
    rule("erase", days=300)
    assert [one["done"] for one in run("--apply")] == [1, 1]
    assert Customer.objects.get(pk=customer.pk).erased_at is not None
    assert [one["due"] for one in run("--apply")] == [0, 0]


def test_a_rule_that_is_out_of_use_does_nothing() -> None:
    long_ago()
    rule("erase", is_active=False)
    assert run("--apply") == []
    with pytest.raises(CommandError) as refused:
        run("--apply", "--rule", "Leads: erase")
    assert refused.value.returncode == 2
    assert not Erasure.objects.exists()


@pytest.fixture
def another_process() -> Iterator[None]:
    """Hold the lock of the command as another process would."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    held, done = Event(), Event()

    def hold() -> None:
        with only_one("apply_retention"):
            held.set()
            done.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        held.wait(30)
        yield
        done.set()


def test_two_at_once_do_not_do_it_twice(another_process: None) -> None:
    long_ago()
    rule("erase")
    with pytest.raises(CommandError) as refused:
        run("--apply")
    assert refused.value.returncode == 75
    assert not Erasure.objects.exists()


@pytest.fixture
def unyielding() -> Iterator[Customer]:
    """Give a customer, due as another is, whom the database does not let be erased."""
    customer = long_ago()
    with connection.cursor() as cursor:
        rule = f"CHECK (id <> '{customer.pk}' OR erased_at IS NULL)"
        cursor.execute(f"ALTER TABLE customers_customer ADD CONSTRAINT unyielding {rule}")
        yield customer
        cursor.execute("ALTER TABLE customers_customer DROP CONSTRAINT unyielding")


def test_one_who_cannot_be_erased_does_not_keep_the_others(unyielding: Customer) -> None:
    other = long_ago()
    rule("erase")
    with pytest.raises(CommandError, match="1 customers could not be erased") as told:
        run("--apply")
    assert told.value.returncode == 3
    assert list(Erasure.objects.values_list("customer", flat=True)) == [other.pk]
    assert Customer.objects.get(pk=unyielding.pk).name == unyielding.name


@pytest.mark.parametrize("at_once", [1, 2, 3, 200])
@pytest.mark.parametrize("verb", ["erase", "deactivate"])
def test_each_is_counted_once_however_many_are_read_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int, verb: str
) -> None:
    monkeypatch.setattr("customers.retention.AT_ONCE", at_once)
    refused = [long_ago(name="Ada Lovelace") for _number in range(3)]
    others = [long_ago(name="Bob Stone") for _number in range(2)]
    outcome = apply_rule(rule(verb, name="Leads of Ada Lovelace"))
    is_erased = verb == "erase"
    assert (outcome.due, outcome.done, outcome.refused) == ((5, 2, 3) if is_erased else (5, 5, 0))
    certified = set(Erasure.objects.values_list("customer", flat=True))
    assert certified == ({one.pk for one in others} if is_erased else set())
    active = Customer.objects.filter(erased_at=None, is_active=True, name="Ada Lovelace")
    assert active.count() == (len(refused) if is_erased else 0)


def test_the_worker_does_each_night_what_the_rules_say() -> None:
    due, fresh = long_ago(), make(Customer, lifecycle="lead")
    rule("erase")
    rule("deactivate", is_active=False)
    apply_retention(0)
    assert Erasure.objects.get().customer == due.pk
    assert Change.objects.get(record=due.pk, action="erased").command == "apply_retention"
    assert Customer.objects.get(erased_at=None) == fresh
    assert any(
        one.cron == "41 2 * * *" and one.task is apply_retention
        for one in app.periodic_registry.periodic_tasks.values()
    )


def test_the_worker_does_nothing_without_a_rule_that_counts() -> None:
    long_ago()
    rule("erase", is_active=False)
    apply_retention(0)
    assert Customer.objects.filter(erased_at=None, is_active=True).count() == 1


def test_a_rule_is_looked_at_before_it_counts() -> None:
    long_ago()
    rule("erase", is_active=False)
    assert run("--rule", "Leads: erase")[0]["due"] == 1
    with pytest.raises(CommandError, match="There is no active rule Leads: erase"):
        run("--apply", "--rule", "Leads: erase")
    assert not Erasure.objects.exists()
