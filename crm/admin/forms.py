"""The form of a record: the model's fields, the administrator's fields, and a guard against lost updates."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm.admin.custom import CUSTOM, form_field, shown, stored
from crm.alike import candidates_of
from crm.models import new_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.alike import Candidate
    from crm.models import CustomField, User


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a change to a record that somebody else changed meanwhile; keeps custom values in `custom`.

    A new record that others may be the same as is refused once; whoever has seen them may send it again.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    seen_duplicates = forms.CharField(required=False, widget=forms.HiddenInput)
    custom_fields: dict[str, CustomField]
    user: User

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

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, not in the stubs
        if self.instance._state.adding and not self.errors:
            self.refuse_unseen_duplicates()

    def refuse_unseen_duplicates(self) -> None:
        """Name those who may be the same, unless the colleague was told of all of them."""
        asked = copy(self.instance)
        asked.pk = new_id()  # the admin gives it one when it is saved
        found = candidates_of([asked], self.user).get(asked.pk, [])
        seen = self.cleaned_data.get("seen_duplicates", "").split(",")
        if all(str(one.id) in seen for one in found):
            return
        sent: Any = self.data
        told = sent.copy()
        told[self.add_prefix("seen_duplicates")] = ",".join(str(one.id) for one in found)
        self.data = told
        named = [format_html('<a href="{}" class="text-link">{}</a>', self.page_of(one), one) for one in found]
        self.add_error(None, [*named, _("If it is another all the same, save once more.")])

    def page_of(self, one: Candidate) -> str:
        """Return the address of the page of a candidate."""
        options = self.instance._meta
        return reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(one.id,))


def form_for(base: type[RecordForm], custom_fields: Iterable[CustomField], user: User) -> type[RecordForm]:
    """Return the form of a user, with a form field for each custom field."""
    fields = {field.name: field for field in custom_fields}
    declared: dict[str, Any] = {CUSTOM + name: form_field(field) for name, field in fields.items()}
    return type(base.__name__, (base,), {**declared, "custom_fields": fields, "user": user})
