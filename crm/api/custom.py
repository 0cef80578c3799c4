"""Filters and orderings of lists by the fields that administrators added."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _

from crm.api import filters
from crm.api.errors import ParameterError
from crm.api.filters import CUSTOM, MAX_TEXT, MAX_VALUES
from crm.custom import expressions
from crm.custom.definitions import definitions
from crm.custom.expressions import PLACE, CustomValue
from crm.custom.values import listed

if TYPE_CHECKING:
    from django.db.models import Q
    from django.http import QueryDict

    from crm.models import CustomField, User
    from crm.querysets import RecordQuerySet

SORTED: Final = frozenset({"number", "date", "datetime"})
RANGES: Final = ("gt", "gte", "lt", "lte")


class CustomLists:
    """A mixin for viewsets of records: their lists filtered and ordered by custom fields."""

    model: ClassVar[type[Any]]
    request: Any

    def more_parameters(self) -> tuple[str, ...]:
        """Return the parameters of the list that are not fields: those of custom fields."""
        return (CUSTOM,)

    def custom_columns(self) -> dict[str, str]:
        """Return the columns of custom fields in a table, and the field of each."""
        return {f"{CUSTOM}{name}": name for name in definitions(self.model, self.request.user).active}

    def read_ordering(self) -> tuple[str, ...]:
        """Return the ordering that the caller asks for, also by custom fields that have an index."""
        view: Any = self
        params, user = self.request.query_params, self.request.user
        allowed = (*view.orderings(), *orderings(self.model, params, user))
        return placed(filters.read_ordering(params.get("ordering"), allowed, view.default_ordering))

    def narrowed(self, queryset: RecordQuerySet) -> RecordQuerySet:
        """Apply `search` and the filters by custom field."""
        params = self.request.query_params
        rows = filter_custom(super().narrowed(queryset), params, self.request.user)  # type: ignore[misc]  # of the viewset
        return with_places(rows, params)


def lookups(field: CustomField) -> tuple[str, ...]:
    """Return what can be asked of a field besides equality, as `custom.name__lookup`."""
    return (*(RANGES if field.type in SORTED else ()), *(("in",) if field.type != "boolean" else ()), "isnull")


def filter_custom(queryset: RecordQuerySet, params: QueryDict, reader: User | None) -> RecordQuerySet:
    """Keep the records whose custom fields are as `custom.name=` and `custom.name__lookup=` say.

    Without a reader, it is the CRM itself that asks.
    """
    wanted = [name for name in params if name.startswith(CUSTOM)]
    if not wanted:
        return queryset
    known = definitions(queryset.model, reader).known
    for parameter in wanted:
        text = str(params[parameter])
        name, _separator, lookup = parameter.removeprefix(CUSTOM).partition("__")
        field = known.get(name)
        if field is None or lookup not in {"", *lookups(field)}:
            raise ParameterError(parameter, _("There is no such custom field."), "unknown")
        try:
            queryset = queryset.filter(condition(with_retired(field, queryset.model, text, reader), lookup, text))
        except DjangoValidationError as error:
            raise ParameterError(parameter, error.messages[0]) from error
    return queryset


def with_retired(field: CustomField, model: Any, text: str, reader: User | None) -> CustomField:
    """Return the field as a filter takes it: with retired choices that records of the reader's still have."""
    if field.type not in {field.Type.CHOICE, field.Type.CHOICES}:
        return field
    asked = [text, *(listed(field, text) or ())]
    unknown = [one for one in dict.fromkeys(asked) if isinstance(one, str) and one not in field.choices]
    rows = model.objects.visible_to(reader) if reader else model.objects.all()
    is_list = field.type == field.Type.CHOICES
    used = [one for one in unknown[:MAX_VALUES] if rows.filter(holding(field.name, one, is_list=is_list)).exists()]
    if not used:
        return field
    found = copy.copy(field)
    found.choices = [*field.choices, *used]
    return found


def holding(name: str, value: str, *, is_list: bool) -> Q:
    """Return the condition that a record has a value, alone or among others."""
    return expressions.includes(name, [value]) if is_list else expressions.compare(name, "exact", value)


def condition(field: CustomField, lookup: str, text: str) -> Q:
    """Return the condition that a parameter stands for; raise DjangoValidationError where its value cannot be read."""
    if lookup == "isnull":
        if text not in {"true", "false"}:
            raise DjangoValidationError(_("Use true or false."))
        is_missing = expressions.is_missing(field.name)
        return is_missing if text == "true" else ~is_missing
    if len(text) > MAX_TEXT * (50 if lookup == "in" else 1):
        raise DjangoValidationError(_("200 characters at most."))
    if field.type == field.Type.CHOICES:
        return includes(field, lookup, text)
    if lookup == "in":
        return expressions.is_any(field.name, [field.read(one) for one in text.split(",")])
    return expressions.compare(field.name, lookup or "exact", field.read(text))


def includes(field: CustomField, lookup: str, text: str) -> Q:
    """Return the condition on a field of several choices: all these chosen, or with `in` any of them."""
    chosen = field.read(text)
    if not chosen:
        raise DjangoValidationError(_("Give a value."))
    if lookup != "in":
        return expressions.includes(field.name, chosen)
    first, *others = [expressions.includes(field.name, [one]) for one in chosen]
    for other in others:
        first |= other
    return first


def orderings(model: Any, params: QueryDict, reader: User) -> tuple[str, ...]:
    """Return the custom fields that may order a list; none unless the caller asks for any."""
    if CUSTOM not in params.get("ordering", ""):
        return ()
    active = definitions(model, reader).active.values()
    return tuple(f"{CUSTOM}{one.name}" for one in active if one.is_indexed and one.type != "choices")


def placed(ordering: tuple[str, ...]) -> tuple[str, ...]:
    """Return an ordering in which custom fields have the names that they have in the statement."""
    if not any(CUSTOM in name for name in ordering):
        return ordering
    if len({name.startswith("-") for name in ordering}) > 1:
        raise ParameterError("ordering", _("Custom fields order all in one direction."))
    return tuple(name.replace(CUSTOM, PLACE) for name in ordering)


def with_places(queryset: RecordQuerySet, params: QueryDict) -> RecordQuerySet:
    """Return the rows with the values of the custom fields that order them."""
    names = [name.lstrip("-") for name in params.get("ordering", "").split(",") if CUSTOM in name]
    values = {name.replace(CUSTOM, PLACE): CustomValue(name.removeprefix(CUSTOM)) for name in names}
    return queryset.annotate(**values) if values else queryset
