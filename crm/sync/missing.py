"""What a whole reading of a source no longer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from crm.bulk import update
from crm.models import ExternalReference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from django.db.models import QuerySet

    from crm.models import Record

CHUNK = 1000


def deactivate_missing(model: type[Record], system: str, seen: Collection[str], *, is_preview: bool) -> Iterator[str]:
    """Give up the active records that `system` knows by an id that was not `seen`; return those ids."""
    references = ExternalReference.objects.filter(
        content_type=ContentType.objects.get_for_model(model), system=system
    ).values_list("external_id", "object_id")
    missing = [(name, record) for name, record in references.iterator(CHUNK) if name not in seen]
    for start in range(0, len(missing), CHUNK):
        names = {record: name for name, record in missing[start : start + CHUNK]}
        with transaction.atomic():
            known: QuerySet[Any] = model.objects.filter(pk__in=names)
            active = known.filter(is_active=True).order_by("pk")
            records = list(active if is_preview else active.select_for_update(no_key=True))
            for record in records:
                record.is_active = False
            if not is_preview:
                update(model, [(record, {"is_active"}) for record in records])
        yield from (names[record.pk] for record in records)
