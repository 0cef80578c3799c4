"""What a list's query parameters mean; what is not known is refused, never ignored."""

from __future__ import annotations

import copy
from collections import OrderedDict
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail

from crm.api.errors import ParameterError
from crm.models import Merge, Record
from crm.tags.fields import TagFilter, TagInFilter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.http import QueryDict

    from crm.querysets import RecordQuerySet

MOMENTS = ("gt", "gte", "lt", "lte")
COMMON_FILTERS: dict[str, tuple[str, ...]] = {
    "id": ("in",),
    "owner": ("exact", "isnull"),
    "team": ("exact", "isnull"),
    "tags": ("exact", "in"),
    "created_at": MOMENTS,
    "updated_at": MOMENTS,
}
CUSTOM = "custom."
MAX_VALUES = 50
MOST = 10**15
MAX_TEXT = 200


class StrictBooleanField(forms.Field):
    """True or false, and nothing else."""

    def to_python(self, value: Any) -> bool | None:
        """Return the value; raise forms.ValidationError unless it says true or false."""
        if value in {"true", "false", None}:
            return None if value is None else value == "true"
        raise forms.ValidationError(_("Use true or false."), code="invalid")


class StrictBooleanFilter(django_filters.Filter):
    field_class = StrictBooleanField


class StrictIntegerFilter(django_filters.Filter):
    """A whole number that a column can hold."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what a filter takes."""
        super().__init__(*args, min_value=-(2**31), max_value=2**31 - 1, **options)


class StrictDecimalFilter(django_filters.NumberFilter):
    """A number of at most fifteen digits before the point."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what a filter takes."""
        super().__init__(*args, min_value=-MOST, max_value=MOST, **options)

    def get_max_validator(self) -> None:
        """Return nothing: the field has its own limits."""


class StrictDateTimeField(django_filters.fields.IsoDateTimeField):
    """A moment after RFC 3339, from the year 1 to the year 9999 in UTC."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment in UTC; PostgreSQL knows fewer time zones than Python."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(_("Out of range."), code="overflow") from error


class StrictDateTimeFilter(django_filters.Filter):
    field_class = StrictDateTimeField


class ReferenceFilter(django_filters.UUIDFilter):
    """A reference to a record; an id that was merged stands for the record that remains."""

    def filter(self, qs: Any, value: Any) -> Any:
        """Return the rows that refer to what is meant, or to any of several."""
        keys = [key for key in (value if isinstance(value, list) else [value]) if key]
        field = qs.model._meta.get_field(self.field_name)
        if not keys or not issubclass(field.related_model if field.is_relation else qs.model, Record):
            return super().filter(qs, value)
        merges = Merge.objects.of(field.related_model) if field.is_relation else Merge.objects.all()
        successors = merges.successors(keys)
        meant = [successors.get(key, key) for key in keys]
        return super().filter(qs, meant if isinstance(value, list) else meant[0])


class ChoiceInFilter(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """Any of some of the values that a field may have."""


def overridden(name: type[django_filters.Filter], **options: Any) -> dict[str, Any]:
    """Return django-filter's notation for another class of filter with these options."""
    return {"filter_class": name, "extra": lambda _field: options}


class RecordFilterSet(django_filters.FilterSet):
    """Filters over a record's fields that cost nothing unless they are used, and refuse what they cannot read."""

    class Meta:
        filter_overrides = {
            models.BooleanField: overridden(StrictBooleanFilter),
            models.DateTimeField: overridden(StrictDateTimeFilter),
            models.IntegerField: overridden(StrictIntegerFilter),
            models.DecimalField: overridden(StrictDecimalFilter),
            models.ForeignKey: overridden(ReferenceFilter),
            models.OneToOneField: overridden(ReferenceFilter),
            models.CharField: overridden(django_filters.CharFilter, max_length=MAX_TEXT),
            models.SlugField: overridden(django_filters.CharFilter, max_length=MAX_TEXT),
            models.EmailField: overridden(django_filters.CharFilter, max_length=MAX_TEXT),
            models.TextField: overridden(django_filters.CharFilter, max_length=MAX_TEXT),
        }

    @classmethod
    def filter_for_lookup(cls, field: models.Field[Any, Any], lookup_type: str) -> Any:
        """Return the filter for a lookup; `isnull` takes true or false."""
        if lookup_type == "isnull":
            return StrictBooleanFilter, {}
        if isinstance(field, ArrayField):
            return (TagInFilter if lookup_type == "in" else TagFilter), {"max_length": MAX_TEXT}
        if isinstance(field, models.UUIDField) and not field.primary_key and lookup_type == "exact":
            return ReferenceFilter, {}
        if isinstance(field, models.IntegerField) and lookup_type != "in":
            return StrictIntegerFilter, {}
        if lookup_type == "in" and field.choices:
            return ChoiceInFilter, {"choices": field.choices}
        return super().filter_for_lookup(field, lookup_type)

    def __init__(self, data: QueryDict, queryset: RecordQuerySet, names: Iterable[str]) -> None:
        """Take the request's parameters and those of them that are filters; copy no more than these."""
        self.is_bound = True
        self.data: QueryDict = data
        self.queryset = self.rows = queryset
        self.request = None
        self.form_prefix = None
        self.filters = OrderedDict((name, copy.deepcopy(self.base_filters[name])) for name in names)
        item: Any
        for item in self.filters.values():
            item.parent = self
            item.model = queryset.model

    def apply(self) -> RecordQuerySet:
        """Return the filtered rows; raise ParameterError with every parameter that cannot be read."""
        empty = [name for name in self.filters if self.lacks_value(name)]
        texts = [name for name in empty if isinstance(self.filters[name], django_filters.CharFilter)]
        errors = {
            name: [ErrorDetail(item.messages[0], code=item.code or "invalid") for item in items]
            for name, items in self.form.errors.as_data().items()
        }
        errors |= {name: [ErrorDetail(_("Give a value."), code="empty")] for name in empty if name not in texts}
        if errors:
            raise ParameterError.of(errors)
        queryset: Any = self.filter_queryset(self.rows)
        for name in (name for name in texts if not self.data[name]):
            queryset = queryset.filter(**{str(self.filters[name].field_name): ""})
        return queryset  # type: ignore[no-any-return]

    def lacks_value(self, name: str) -> bool:
        """Tell whether a parameter is empty, or one of its several values is."""
        value = str(self.data[name])
        return "" in (value.split(",") if isinstance(self.filters[name], django_filters.BaseInFilter) else [value])


def filter_set_for(model: type[models.Model], fields: Mapping[str, Iterable[str]]) -> type[RecordFilterSet]:
    """Return the filter set of a model with these lookups on its fields."""
    meta = type("Meta", (RecordFilterSet.Meta,), {"model": model, "fields": dict(fields)})
    return type(f"{model.__name__}FilterSet", (RecordFilterSet,), {"Meta": meta})


def refuse_other_encodings(query: str) -> None:
    """Raise ParameterError for a query that is not UTF-8, in which Django would put other characters."""
    try:
        unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError as error:
        raise ParameterError("", _("Parameters must be UTF-8."), "encoding") from error


def refuse_unknown(params: QueryDict, known: Iterable[str]) -> None:
    """Raise ValidationError for parameters that are unknown or given more than once."""
    unknown = {name for name in params if name not in known and not (name.startswith(CUSTOM) and CUSTOM in known)}
    errors = {name: [ErrorDetail(_("Unknown parameter."), code="unknown")] for name in unknown}
    for name, values in params.lists():
        if len(values) > 1:
            errors[name] = [ErrorDetail(_("Give it once."), code="repeated")]
        if name.endswith("__in") and values[0].count(",") >= MAX_VALUES:
            errors[name] = [ErrorDetail(_("50 values at most."), code="too_many")]
        if any("\0" in value for value in values):
            errors[name] = [ErrorDetail(_("Null characters are not allowed."), code="null_characters_not_allowed")]
    if errors:
        raise ParameterError.of(errors)


def read_names(text: str | None, parameter: str) -> frozenset[str] | None:
    """Return the names in a list with commas, None where there is no list; raise ParameterError for repetitions."""
    names = text.split(",") if text is not None else []
    if len(set(names)) < len(names):
        raise ParameterError(parameter, _("Name each one once."), "repeated")
    return frozenset(names) if text is not None else None


def read_ordering(text: str | None, allowed: Iterable[str], default: str) -> tuple[str, ...]:
    """Return the ordering asked for, ended by the id; raise ParameterError for a field that cannot order."""
    names = (text if text is not None else default).split(",")
    known = {*allowed, "id"}
    bare = [name.removeprefix("-") for name in names]
    if not set(bare) <= known or len(set(names)) < len(names):
        raise ParameterError(
            "ordering", _("Order by any of %(known)s.") % {"known": ", ".join(sorted(known))}, "unknown"
        )
    names = [name for place, name in enumerate(names) if bare[place] not in bare[:place]]
    bare = list(dict.fromkeys(bare))
    if "id" in bare:
        return tuple(names[: bare.index("id") + 1])
    return (*names, "-id" if names[-1].startswith("-") else "id")
