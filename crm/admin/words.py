"""What changed, in words for people: labels of fields, names instead of ids and codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from crm.custom.definitions import definitions
from crm.custom.values import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crm.models import Change, CustomField, User

EMPTY = "—"
LONGEST = 200
type Names = dict[tuple[type[models.Model], str], str]


@dataclass(frozen=True)
class Difference:
    """One field: its name in code and for people, and its value before and after."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """A change as people read it."""

    change: Change
    kind: str
    name: str
    differences: list[Difference]

    @property
    def by(self) -> str:
        """Who changed it, and through which door where that was not the staff site."""
        user = str(self.change.user) if self.change.user else ""
        return " · ".join(filter(None, [user, self.change.application, self.change.command])) or EMPTY


def tell(changes: Iterable[Change], user: User) -> list[Told]:
    """Return changes in words, with names of records as far as `user` may see them; one query per kind of record."""
    rows = [(change, apps.get_model(change.model)) for change in changes]
    names = names_of({found for change, model in rows for found in references(change, model)}, user)
    return [
        Told(
            change,
            capfirst(model._meta.verbose_name),
            name_of(change, model, names),
            differences(change, model, names, user),
        )
        for change, model in rows
    ]


def name_of(change: Change, model: type[models.Model], names: Names) -> str:
    """Return what the record is called; of one that is gone, what it was called."""
    gone = change.before or {}
    return names.get((model, str(change.record)), str(gone.get("name") or gone.get("subject") or ""))


def references(change: Change, model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Yield the record of a change, and those that its values refer to."""
    yield model, str(change.record)
    for name, value in [*(change.before or {}).items(), *(change.after or {}).items()]:
        column = column_of(model, name)
        if value and isinstance(column, models.ForeignKey):
            yield column.related_model, value


def names_of(wanted: set[tuple[type[models.Model], str]], user: User) -> Names:
    """Return what the records are called that `user` may see."""
    found: Names = {}
    for model in {model for model, _key in wanted}:
        rows: Any = model._default_manager.filter(pk__in=[key for other, key in wanted if other is model])
        for row in rows.visible_to(user):
            found[model, str(row.pk)] = str(row)
    return found


def differences(change: Change, model: type[models.Model], names: Names, user: User) -> list[Difference]:
    """Return the fields that a change changed; of a new or deleted record those that say something."""
    before, after = change.before or {}, change.after or {}
    found = []
    for name in order_of(model, {**before, **after}):
        if name == "custom":
            found += custom_differences(model, before.get(name) or {}, after.get(name) or {}, user)
            continue
        old, new = (worded(model, name, values.get(name), names) for values in (before, after))
        if old != new:
            found.append(Difference(name, label_of(model, name), old, new))
    return found


def custom_differences(model: Any, before: dict[str, Any], after: dict[str, Any], user: User) -> list[Difference]:
    """Return the custom fields that a change changed, by label; of a field that is gone, by name."""
    fields = definitions(model, user).fields
    known = {name: one for one in fields for name in (*one.former_names, one.name)}
    found = []
    for name in [*known, *sorted({*before, *after} - known.keys())]:
        old, new = before.get(name), after.get(name)
        if old != new:
            field = known.get(name)
            label = field.label if field else name
            found.append(Difference("custom", label, custom_worded(field, old), custom_worded(field, new)))
    return found


def custom_worded(field: CustomField | None, value: Any) -> str:
    """Return the value of a custom field as people read it."""
    if value is None:
        return EMPTY
    return Truncator(words(field, value) if field else plain(value)).chars(LONGEST)


def order_of(model: type[models.Model], values: Iterable[str]) -> Sequence[str]:
    """Return names of fields in the order of the model; times that the CRM itself keeps go without saying."""
    places = {field.name: place for place, field in enumerate(model._meta.fields)}
    return sorted((name for name in values if name != "created_at"), key=lambda name: places.get(name, len(places)))


def column_of(model: type[models.Model], name: str) -> models.Field[Any, Any] | None:
    """Return the field of a name; None where there is none any more."""
    try:
        found = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, models.Field) else None


def label_of(model: type[models.Model], name: str) -> str:
    """Return what people call a field."""
    column = column_of(model, name)
    if name == "external_references":
        return _("External references")
    return capfirst(str(column.verbose_name)) if column else name


def worded(model: type[models.Model], name: str, value: Any, names: Names) -> str:
    """Return a value as people read it."""
    column = column_of(model, name)
    if value in (None, "", [], {}):
        return EMPTY
    if isinstance(column, models.ForeignKey):
        return names.get((column.related_model, value), _("a record that you may not see"))
    if isinstance(column, models.DateTimeField) and (moment := parse_datetime(value)):
        return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
    if isinstance(value, str):
        value = dict(getattr(column, "flatchoices", ())).get(value, value)
    return Truncator(plain(value)).chars(LONGEST)


def plain(value: Any) -> str:
    """Return a value that stands for itself as text."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(":".join(map(str, item.values())) if isinstance(item, dict) else str(item) for item in value)
    return str(value)
