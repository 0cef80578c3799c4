"""The form of a record: the model's fields, the administrator's fields, and a guard against lost updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.admin.custom import CUSTOM, form_field, shown, stored

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import CustomField


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a change to a record that somebody else changed meanwhile; keeps custom values in `custom`."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    custom_fields: dict[str, CustomField]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance._state.adding
        if not is_new:
            self.initial["version"] = self.instance.updated_at.isoformat()
        for name, field in self.custom_fields.items():
            value = self.instance.custom.get(name, field.default if is_new else None)
            self.initial.setdefault(CUSTOM + name, shown(field, value))
            if field.is_choice and value:
                self.fields[CUSTOM + name] = form_field(field, *([value] if isinstance(value, str) else value))

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
            if not self.instance._state.adding and CUSTOM + name not in self.changed_data:
                continue
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
