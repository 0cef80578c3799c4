"""Locks: those that a process holds across transactions, which end with it, and those of several rows, in one order."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from django.db.models import Model

    type Rows = Mapping[type[Model], Collection[object]]

KEY = "hashtextextended(%s, 0)"


@contextmanager
def held(*words: str) -> Iterator[bool]:
    """Tell whether nobody else holds the lock of a name; if so, hold it until the block ends.

    The connection must be the same throughout: no transaction pooling, as by PgBouncer, in between.
    """
    name = "\n".join(words)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock({KEY})", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock({KEY})", [name])


class OthersByNow(Exception):
    """While the rows were being locked, others came to be meant."""


def lock_together(find: Callable[[], Rows]) -> None:
    """Lock all rows that `find` names, by their keys, until the transaction ends.

    Everywhere in one order, lest two wait for each other: by the kinds' labels from z to a, so that what refers comes
    before what it refers to (`service.ticket`, then `customers.customer`), and within a kind by the keys. Where `find`,
    asked again, names more rows, those that are locked are let go of, and all begins anew.
    """
    is_done = False
    while not is_done:
        with suppress(OthersByNow), transaction.atomic():
            lock_all(find)
            is_done = True


def lock_all(find: Callable[[], Rows]) -> None:
    """Lock what `find` names; raise OthersByNow where that has become more."""
    wanted = {model: set(keys) for model, keys in find().items()}
    for model in sorted(wanted, key=lambda one: one._meta.label_lower, reverse=True):
        rows = model._base_manager.filter(pk__in=wanted[model]).order_by("pk").select_for_update()
        list(rows.values_list("pk"))
    if any(set(keys) - wanted.get(model, set()) for model, keys in find().items()):
        raise OthersByNow
