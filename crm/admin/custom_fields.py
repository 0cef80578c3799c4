"""Where administrators add fields to kinds of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from crm.admin.base import ModelAdmin
from crm.admin.site import staff
from crm.custom import actions, jobs, moves, values
from crm.models import CustomField

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class CustomFieldForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes choices a line each, and a default as people write it."""

    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("One value a line; after an equals sign what people read instead, such as: l = Large."),
    )
    default = forms.CharField(
        label=_("Default"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Value of new records unless another is given; of yes or no: true or false."),
    )
    fills = forms.BooleanField(
        label=_("Give the default to existing records"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Once, now: to all that have no value."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: CustomField = self.instance
        labels = field.choice_labels
        self.initial["choices"] = "\n".join(
            f"{value} = {labels[value]}" if value in labels else value for value in field.choices
        )
        self.initial["default"] = written(field.default)

    def clean_choices(self) -> list[str]:
        """Return the values, and keep what people read instead."""
        pairs = [line.partition("=") for line in self.cleaned_data["choices"].splitlines() if line.strip()]
        found = {value.strip(): label.strip() for value, _sign, label in pairs}
        self.instance.choice_labels = {value: label for value, label in found.items() if label}
        return [value.strip() for value, _sign, _label in pairs]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        text = cleaned.pop("default", "")
        draft = CustomField(type=cleaned.get("type") or self.instance.type, choices=cleaned.get("choices", []))
        try:
            cleaned["default"] = values.read(draft, text) if text else None
        except ValidationError as error:
            self.add_error("default", error)
        return cleaned


def written(value: Any) -> str:
    """Return a default as people write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, list) else str("" if value is None else value)


@admin.register(CustomField)
class CustomFieldAdmin(ModelAdmin):
    """Fields that an administrator adds to a kind of record."""

    form = CustomFieldForm
    list_display = ("label", "name", "content_type", "type", "is_required", "is_active")
    list_filter = (("type", ChoicesDropdownFilter), ("is_active", BooleanRadioFilter))
    list_filter_submit = True
    search_fields = ("label", "name")
    ordering = ("content_type", "place", "label")
    list_select_related = ("content_type",)
    fieldsets = (
        (None, {"fields": (("content_type", "type"), ("label", "name"), "help_text", ("group", "place"), "is_active")}),
        (
            _("Values"),
            {
                "classes": ["tab"],
                "fields": (
                    "choices",
                    ("is_required", "default"),
                    "fills",
                    ("min_value", "max_value"),
                    ("max_length", "pattern"),
                ),
            },
        ),
        (_("Lists"), {"classes": ["tab"], "fields": ("in_list", "is_indexed", "index_state")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("content_type", "type", "index_state") if obj else ("index_state",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        from django.contrib.contenttypes.models import ContentType

        from crm.models import Record

        kinds = [model for model in admin.site._registry if issubclass(model, Record)]
        keys = [one.pk for one in ContentType.objects.get_for_models(*kinds).values()]
        kwargs["queryset"] = ContentType.objects.filter(pk__in=keys)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("index"))
    def index_state(self, field: CustomField) -> Any:
        """Return how far the worker is with the index."""
        if not field.needs_index or field._state.adding:
            return _("none")
        return _("in use") if jobs.is_built(field) else _("being built")

    def save_model(self, request: HttpRequest, obj: CustomField, form: Any, change: Any) -> None:
        actions.save_field(field=obj, by=staff(request), fills=form.cleaned_data["fills"])

    def delete_model(self, request: HttpRequest, obj: CustomField) -> None:
        actions.delete_field(field=obj, by=staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CustomField]) -> None:
        for field in queryset.select_related("content_type"):
            actions.delete_field(field=field, by=staff(request))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        listed, counts, lacking, protected = super().get_deleted_objects(objs, request)
        used = [
            _("%s: records have values of it; retire it instead.") % one for one in objs if moves.is_used(field=one)
        ]
        return listed, counts, lacking, [*protected, *used]
