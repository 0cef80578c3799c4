"""Sealing again what is sealed in the database, so that a former SECRET_KEY can be dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from crm.models import IdempotencyKey, Webhook
from crm.secrets import Unreadable, is_sealed_now, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator

LASTING: Final[tuple[tuple[Any, str], ...]] = ((Webhook, "secret"), (Webhook, "previous_secret"))
SEALED: Final = (*LASTING, (IdempotencyKey, "body"))  # an answer is replayed for a day, and missed by nobody after


def outdated(model: Any, field: str) -> Iterator[Any]:
    """Yield the keys of the rows whose field today's key does not read."""
    rows = model.objects.filter(**{f"{field}__isnull": False}).values_list("pk", field)
    for key, sealed in rows.iterator():
        if not is_sealed_now(bytes(sealed)):
            yield key


def is_outdated() -> bool:
    """Tell whether something that lasts is sealed with another key than today's."""
    is_there = Webhook._meta.db_table in connection.introspection.table_names()
    return is_there and any(True for model, field in LASTING for _key in outdated(model, field))


def reseal_all() -> tuple[int, int]:
    """Seal everything with today's key, and return how much was sealed again, and how much no known key reads."""
    done = unreadable = 0
    for model, field in SEALED:
        for key in list(outdated(model, field)):
            try:
                done += reseal(model, field, key)
            except Unreadable:
                unreadable += 1
    return done, unreadable


@transaction.atomic
def reseal(model: Any, field: str, key: Any) -> int:
    """Seal one field of a row again, unless it changed meanwhile; raise Unreadable where no known key reads it."""
    row = model.objects.select_for_update().filter(pk=key).first()
    if row is None or not getattr(row, field):
        return 0
    content = unseal(bytes(getattr(row, field)))
    return int(model.objects.filter(pk=key).update(**{field: seal(content)}))
