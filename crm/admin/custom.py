"""Custom fields on the screens of records: in the form, in lists, in the filters of lists."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
)

from crm.custom import expressions
from crm.custom.values import MAX_TEXT, words
from crm.models import CustomField

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest

CUSTOM: Final = "custom__"
YES_OR_NO: Final = [("true", _("Yes")), ("false", _("No"))]
NONE_CHOSEN: Final = ("", "---------")
FILTERED: Final = frozenset({"choice", "choices", "boolean"})


class MomentWidget(UnfoldAdminTextInputWidget):
    """The browser's own control for a date and a time of the site's time zone."""

    input_type = "datetime-local"
    supports_microseconds = False

    def format_value(self, value: Any) -> str | None:
        """Return the time as browsers write it."""
        return value.isoformat(timespec="seconds") if isinstance(value, datetime.datetime) else value


def form_field(field: CustomField, *kept: str) -> forms.Field:
    """Return the form field for the values of a custom field; those `kept` may be chosen though they are no more."""
    common: dict[str, Any] = {"label": field.label, "required": field.is_required, "help_text": field.help_text}
    chosen = [(value, words(field, value)) for value in dict.fromkeys([*field.choices, *kept])]
    limits: dict[str, Any] = {"min_value": field.min_value, "max_value": field.max_value}
    most = field.max_length or MAX_TEXT
    makers: dict[str, Callable[[], forms.Field]] = {
        "text": lambda: forms.CharField(max_length=most, widget=UnfoldAdminTextInputWidget, **common),
        "number": lambda: forms.DecimalField(widget=UnfoldAdminDecimalFieldWidget, **limits, **common),
        "date": lambda: forms.DateField(widget=UnfoldAdminSingleDateWidget, **common),
        "datetime": lambda: forms.DateTimeField(widget=MomentWidget, **common),
        "boolean": lambda: choice_field([NONE_CHOSEN, *YES_OR_NO], **common),
        "choice": lambda: choice_field([NONE_CHOSEN, *chosen], **common),
        "choices": lambda: forms.MultipleChoiceField(
            choices=chosen, widget=UnfoldAdminCheckboxSelectMultipleWidget, **common
        ),
        "url": lambda: forms.CharField(max_length=most, widget=UnfoldAdminURLInputWidget, **common),
    }
    return makers[field.type]()


def choice_field(choices: Any, **common: Any) -> forms.ChoiceField:
    """Return a form field that is chosen from a list."""
    return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **common)


def shown(field: CustomField, value: Any) -> Any:
    """Return a custom value as its form field shows it."""
    if field.type == CustomField.Type.DATETIME and value:
        return parse_datetime(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def stored(field: CustomField, value: Any) -> Any:
    """Return a form field's value as the field takes it; None if it was left empty."""
    if value in ("", None, []):
        return None
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value, datetime.UTC).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value == "true" if field.type == CustomField.Type.BOOLEAN else value


def sections(fields: Iterable[CustomField]) -> list[tuple[Any, dict[str, Any]]]:
    """Return a tab for each group of fields."""
    groups: dict[str, list[str]] = {}
    for field in fields:
        groups.setdefault(field.group, []).append(CUSTOM + field.name)
    return [(name or _("Custom fields"), {"classes": ["tab"], "fields": names}) for name, names in groups.items()]


def column(field: CustomField) -> Callable[[Any], str]:
    """Return the column of a list that shows a field; it sorts the list where there is an index for that."""

    def show(record: Any) -> str:
        value = record.custom.get(field.name)
        return "" if value is None else words(field, value)

    show.__name__ = CUSTOM + field.name
    ordering = expressions.CustomValue(field.name) if field.is_indexed else None
    found: Callable[[Any], str] = display(show, description=field.label, ordering=ordering)
    return found


def list_filter(field: CustomField) -> type[DropdownFilter]:
    """Return the filter of a list by a field that is chosen from few values."""
    options = YES_OR_NO if field.type == CustomField.Type.BOOLEAN else [(v, words(field, v)) for v in field.choices]

    class CustomFilter(DropdownFilter):
        title = capfirst(field.label)
        parameter_name = f"custom.{field.name}"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            return options

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            if value not in {option for option, _label in options}:
                return queryset
            if field.type == CustomField.Type.CHOICES:
                return queryset.filter(expressions.includes(field.name, [value]))
            return queryset.filter(expressions.compare(field.name, "exact", stored(field, value)))

    return CustomFilter
