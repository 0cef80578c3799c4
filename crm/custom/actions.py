"""What administrators do to custom fields, in the API and on the screens alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import ProtectedError

from crm.auth import audit
from crm.custom import jobs, moves
from crm.models import CustomField

if TYPE_CHECKING:
    from crm.models import User


class StillUsed(Exception):
    """Records have values of the field, which would be lost: retire it instead."""


@transaction.atomic
def save_field(*, field: CustomField, by: User, fills: bool = False) -> CustomField:
    """Write a new or changed field that is clean; its values go along with its name.

    With `fills` all records without a value get the default too.
    """
    before = CustomField.objects.select_for_update().filter(pk=field.pk).first()
    is_renamed = before is not None and before.name != field.name
    if before is not None and is_renamed:
        field.former_names = [name for name in (*before.former_names, before.name) if name != field.name]
    field.save()
    if before is not None and is_renamed:
        moves.take_in(field=field, former=before.name)
        jobs.settle.configure(schedule_in={"seconds": jobs.SETTLED}).defer(field=str(field.pk))
    if fills and field.default is not None:
        moves.fill(field=field)
    if before is None or before.needs_index or field.needs_index:
        jobs.align_indexes.defer()
    audit.record("custom_field_saved", user=by.pk, what=f"{field.content_type.model}.{field.name}")
    return field


@transaction.atomic
def delete_field(*, field: CustomField, by: User) -> None:
    """Delete a field that no record has a value of; raise StillUsed otherwise."""
    CustomField.objects.select_for_update().get(pk=field.pk)
    try:
        field.delete()
    except ProtectedError as error:
        raise StillUsed(field) from error
    if field.needs_index:
        jobs.align_indexes.defer()
    audit.record("custom_field_deleted", user=by.pk, what=f"{field.content_type.model}.{field.name}")
