"""One after another: who saves a record's page waits for whoever saves it at the moment, and sees what they changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from django.http import HttpRequest


class OneAfterAnother:
    """Locks the record of a page that is being sent, and reads it only then."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the record; of a form that is sent, as nobody else can change it any more."""
        known: Any = super()
        found = known.get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        rows = type(found)._base_manager.select_for_update(no_key=True).filter(pk=found.pk)
        return known.get_object(request, object_id, from_field) if rows.values_list("pk").first() else None
