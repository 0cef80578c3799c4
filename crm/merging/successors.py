"""What an id stands for: its own record, or the one that it became part of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.models import Merge, Record

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID


def standing_for(queryset: Any, keys: Collection[UUID]) -> dict[UUID, Any]:
    """Return the records of a queryset that ids stand for, by these ids; ids that stand for none are left out."""
    found = {one.pk: one for one in queryset.filter(pk__in=keys)}
    missing = set(keys) - found.keys()
    if not missing or not issubclass(queryset.model, Record):
        return found
    successors = Merge.objects.of(queryset.model).successors(missing)
    remaining = {one.pk: one for one in queryset.filter(pk__in=set(successors.values()))} if successors else {}
    return found | {key: remaining[last] for key, last in successors.items() if last in remaining}
