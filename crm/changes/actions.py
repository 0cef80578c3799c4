"""Taking changes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from crm.custom.definitions import definitions
from crm.models import Change, ExternalReference
from crm.models.tags import as_known

if TYPE_CHECKING:
    from collections.abc import Collection

    from crm.models import Record


class StillThere(Exception):
    """The record to be restored has not been deleted, or is back already."""


@transaction.atomic
def restore_deleted(*, change: Change) -> Record:
    """Bring a deleted record back under its id, with its names elsewhere and what was deleted along with it.

    `change` is its deletion. StillThere is raised where there is nothing to restore; django.db.IntegrityError where
    the record refers to one that is gone by now.
    """
    model: Any = apps.get_model(change.model)
    if model.objects.filter(pk=change.record).exists():
        raise StillThere(change.record)
    record: Record = model(pk=change.record, **_values_of(model, change.before))
    record.tags = as_known(record.tags)
    record.save(force_insert=True)
    for part in _deleted_along(model, change):
        restore_deleted(change=part)
    names = Change.objects.filter(
        transaction=change.transaction, record=change.record, before__has_key="external_references"
    )
    _restore_names(record, [one for removed in names for one in removed.before["external_references"]])
    return record


class NotChanged(Exception):
    """The change did not change these fields, or created the record, before which there was nothing."""

    def __init__(self, names: set[str]) -> None:
        """Take the fields; none where it is the creation."""
        super().__init__(names)
        self.names = sorted(names)


class SetByVerbs(Exception):
    """What is to be taken back was written by a verb, and changes by verbs alone."""


@transaction.atomic
def restore_fields(*, record: Record, change: Change, only: Collection[str] = ()) -> Record:
    """Give fields of a locked record the values that they had before a change; all that it changed, or only some.

    NotChanged is raised for other fields, SetByVerbs for those that only verbs write and for an erasure, and
    django.core.exceptions.ValidationError where the values no longer fit.
    """
    if change.before is None or change.after is None:
        raise NotChanged(set())
    if change.action == Change.Action.ERASED:
        raise SetByVerbs(record.pk)
    before = {name: change.before[name] for name in _taken_back(record, change.before, only)}
    names = before.pop("external_references", None)
    if "custom" in before:
        before["custom"] = _custom_before(record, before["custom"], change.after["custom"])
    for name, value in _values_of(type(record), before).items():
        setattr(record, name, value)
    record.tags = as_known(record.tags)
    record.clean_fields(exclude=[field.name for field in record._meta.fields if field.name not in before])
    record.clean()
    record.save(force_update=True)
    if names is not None:
        added = {(one["system"], one["external_id"]) for one in change.after["external_references"]}
        for reference in record.external_references.all():
            if (reference.system, reference.external_id) in added:
                reference.delete()
        _restore_names(record, names)
    return record


def _taken_back(record: Record, before: dict[str, Any], only: Collection[str]) -> set[str]:
    """Return the fields of a change that are taken back."""
    if unknown := set(only) - before.keys():
        raise NotChanged(unknown)
    wanted = set(only) or before.keys() - record.set_by_verbs
    if not wanted or wanted & record.set_by_verbs:
        raise SetByVerbs(record.pk)
    return wanted


def _values_of(model: type[Record], before: dict[str, Any]) -> dict[str, Any]:
    """Return what the feed kept of a record, as its model has it; of fields that there no longer are, nothing."""
    fields = {field.name: field for field in model._meta.concrete_fields if field.name in before}
    if "custom" in fields:
        before = {**before, "custom": definitions(model).named_now(before["custom"])}
    return {field.attname: _python(field, before[name]) for name, field in fields.items()}


def _custom_before(record: Record, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the custom values of a record in which those that a change changed are as before it."""
    old, new = (definitions(type(record)).named_now(values) for values in (before, after))
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    kept = {name: value for name, value in record.custom.items() if name not in changed}
    return {**kept, **{name: value for name, value in old.items() if name in changed}}


def _python(field: Any, value: Any) -> Any:
    """Return a value as the model has it."""
    return (field.target_field if field.is_relation else field).to_python(value)


def _deleted_along(model: type[models.Model], change: Change) -> list[Change]:
    """Return the deletions, in the same transaction, of records that cannot be without this one."""
    found: list[Change] = []
    for relation in model._meta.related_objects:
        if getattr(relation, "on_delete", None) is models.CASCADE:
            kept = {f"before__{relation.field.name}": str(change.record)}
            deletions = Change.objects.filter(
                transaction=change.transaction,
                action=Change.Action.DELETED,
                model=relation.related_model._meta.label_lower,
            )
            found += deletions.filter(**kept)
    return found


def _restore_names(record: Record, names: list[dict[str, str]]) -> None:
    """Give a record back the names by which other systems knew it, but for those that another record has now."""
    kind = ContentType.objects.get_for_model(record)
    ExternalReference.objects.bulk_create(
        [ExternalReference(content_type=kind, object_id=record.pk, **name) for name in names], ignore_conflicts=True
    )
