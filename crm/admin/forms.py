"""The form of a record: the model's fields, the administrator's fields, and a guard against lost updates."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from crm.models import CustomField

if TYPE_CHECKING:
    from collections.abc import Iterable

CUSTOM = "custom__"
YES_OR_NO = [("", "---------"), ("true", _("Yes")), ("false", _("No"))]


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a change to a record that somebody else changed meanwhile; keeps custom values in `custom`."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    custom_fields: dict[str, CustomField]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["version"] = self.instance.updated_at.isoformat()
        for name in self.custom_fields:
            self.initial.setdefault(CUSTOM + name, shown(self.instance.custom.get(name)))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        seen = cleaned.get("version")
        if seen and not self.instance._state.adding and seen != self.instance.updated_at.isoformat():
            raise ValidationError(
                _("Somebody changed this record after you opened it. Open it again, then make your changes."),
                code="conflict",
            )
        values = dict(self.instance.custom)
        for name, field in self.custom_fields.items():
            values.pop(name, None)
            value = stored(field, cleaned.get(CUSTOM + name))
            if value is None:
                continue
            try:
                values[name] = field.check_value(value)
            except ValidationError as error:
                self.add_error(CUSTOM + name, error)
        self.instance.custom = values
        return cleaned


def form_for(base: type[RecordForm], custom_fields: Iterable[CustomField]) -> type[RecordForm]:
    """Return the form with a form field for each custom field."""
    fields = {field.name: field for field in custom_fields}
    declared: dict[str, Any] = {CUSTOM + name: form_field(field) for name, field in fields.items()}
    return type(base.__name__, (base,), {**declared, "custom_fields": fields})


def form_field(field: CustomField) -> forms.Field:
    """Return the form field for the values of a custom field."""
    common: dict[str, Any] = {"label": field.label, "required": False}
    match field.type:
        case CustomField.Type.NUMBER:
            return forms.DecimalField(widget=UnfoldAdminDecimalFieldWidget, **common)
        case CustomField.Type.DATE:
            return forms.DateField(widget=UnfoldAdminSingleDateWidget, **common)
        case CustomField.Type.BOOLEAN:
            return forms.ChoiceField(choices=YES_OR_NO, widget=UnfoldAdminSelectWidget, **common)
        case CustomField.Type.CHOICE:
            choices = [("", "---------"), *((value, value) for value in field.choices)]
            return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **common)
        case _:
            return forms.CharField(max_length=1000, widget=UnfoldAdminTextInputWidget, **common)


def shown(value: Any) -> Any:
    """Return a custom value as its form field shows it."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value


def stored(field: CustomField, value: Any) -> Any:
    """Return a form field's value as JSON keeps it; None if it was left empty."""
    if value in ("", None):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value == "true" if field.type == CustomField.Type.BOOLEAN else value
