"""Verbs on tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db import transaction
from django.db.models import CharField, F, Func, Value
from django.db.models.functions import Cast
from django.utils import timezone

from crm.models import Record, Tag
from crm.models.tags import LONGEST

if TYPE_CHECKING:
    from django.db.models import Expression

SORTED: Final = 'ARRAY(SELECT unnest({function}) COLLATE "C" ORDER BY 1)'


class Gone(Exception):
    """The tag has been deleted meanwhile."""


@transaction.atomic
def rename_tag(*, tag: Tag, name: str) -> Tag:
    """Call a tag otherwise, on every record that has it.

    Raises django.db.IntegrityError where another tag is called so.
    """
    tag = _locked(tag)
    before, tag.name = tag.name, name
    tag.save(update_fields=["name"])
    if before != name:
        template = SORTED.format(function="array_replace(%(expressions)s)")
        _on_records(before, Func(F("tags"), _text(before), _text(name), template=template))
    return tag


@transaction.atomic
def delete_tag(*, tag: Tag) -> None:
    """Take a tag from the list, and from every record that has it."""
    tag = _locked(tag)
    name = tag.name
    tag.delete()
    _on_records(name, Func(F("tags"), _text(name), function="array_remove"))


def _locked(tag: Tag) -> Tag:
    """Return the tag as it is now, under its lock."""
    try:
        return Tag.objects.select_for_update().get(pk=tag.pk)
    except Tag.DoesNotExist as error:
        raise Gone(tag.pk) from error


def _on_records(name: str, tags: Expression) -> None:
    """Give the records that have a tag other tags; whoever gives it to one meanwhile was waited for."""
    for model in apps.get_models():
        if issubclass(model, Record):
            rows: Any = model._default_manager.filter(tags__contains=[name])
            rows.update(tags=tags, updated_at=timezone.now())


def _text(value: str) -> Any:
    """Return a text in the type of the column."""
    return Cast(Value(value), CharField(max_length=LONGEST))
