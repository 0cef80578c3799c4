"""Importing a file, as a worker does it, against COPY of the same rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

from django.db import transaction

from crm import bulk
from crm.imports import actions, running
from crm.models import ExternalReference, Import
from customers.models import Customer
from tests.perf import limits

ROWS: Final = 5000
CONTEXT: Any = SimpleNamespace(should_abort=lambda: False)
HEAD: Final = "number,name,email,phone,city of origin\n"


def content() -> bytes:
    """Return a file with new customers."""
    rows = (f"{n},Customer {n},c{n}@example.com,+4930{n:07},Berlin\n" for n in range(ROWS))
    return (HEAD + "".join(rows)).encode()


def copy_in() -> None:
    """COPY the same customers into the table, without triggers and without rules."""
    made = [
        Customer(name=f"Customer {n}", email=f"c{n}@example.com", phone=f"+4930{n:07}", **limits.OWNER)
        for n in range(ROWS)
    ]
    with limits.without_triggers():
        bulk.insert(Customer, made)
        transaction.set_rollback(True)


def run() -> None:
    """Import the file into a table that has none of its rows."""
    with transaction.atomic():
        forget()
        go()


def run_again() -> None:
    """Import the file whose rows are there already."""
    go()


def forget() -> None:
    """Remove what was imported."""
    references = ExternalReference.objects.filter(system="perf-import")
    with limits.without_triggers():
        Customer.objects.filter(pk__in=list(references.values_list("object_id", flat=True)))._raw_delete("default")
        references._raw_delete("default")


def go() -> None:
    """Upload and import."""
    from crm.models import User

    user = User.objects.get(pk=limits.OWNER["owner_id"])
    one = actions.upload(user=user, resource="customers", filename="rows.csv", content=content())
    mapping = {"number": "external_id", "name": "name", "email": "email", "phone": "phone"}
    one = actions.start(one=one, mapping=mapping, key="external_id", system="perf-import", is_dry_run=False)
    running.Run(Import.objects.select_related("user").get(pk=one.pk)).go(CONTEXT)
    done = Import.objects.get(pk=one.pk)
    if done.refused or done.lines_done != ROWS + 1:
        raise RuntimeError(done.refused, done.lines_done)
