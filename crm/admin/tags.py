"""Tags in the staff site: their list, their labels on records, and the field that gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, MultipleDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from crm.admin.base import ModelAdmin
from crm.admin.site import staff
from crm.models import Tag
from crm.models.tags import FORM, LONGEST, MOST, NOT_SO, as_known
from crm.tags.actions import delete_tag, rename_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest

OFFERED = 500


class TagWidget(UnfoldAdminSelect2MultipleWidget):
    """Offers the tags that there are, and takes others."""

    def __init__(self) -> None:
        super().__init__({"data-tags": "true", "data-token-separators": '[","]'})

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        offered = Tag.objects.order_by("name").values_list("name", flat=True)[:OFFERED]
        self.choices = [(one, one) for one in dict.fromkeys([*value, *offered])]
        return super().optgroups(name, value, attrs)


class TagsFormField(forms.MultipleChoiceField):
    """The tags of a record."""

    widget = TagWidget
    check = RegexValidator(FORM, NOT_SO)

    def valid_value(self, value: Any) -> bool:
        return True

    def clean(self, value: Any) -> list[str]:
        names = [name.strip() for name in super().clean(value) if name.strip()]
        for name in names:
            self.check(name)
        if len(names) > MOST or any(len(name) > LONGEST for name in names):
            raise ValidationError(_("Up to 50 tags of up to 50 characters."), code="too_long")
        return as_known(names)


class TagFilter(MultipleDropdownFilter):
    """Choose tags; a record that has any of them is shown."""

    title = _("tags")
    parameter_name = "tags"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in Tag.objects.order_by("name").values_list("name", flat=True)[:OFFERED]]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        names = [name for name in self.value() or () if name]
        return queryset.tagged(names) if names else queryset


def colors_of(names: Iterable[str]) -> dict[str, str]:
    """Return the colours of tags by name."""
    wanted = set(names)
    return dict(Tag.objects.filter(name__in=wanted).values_list("name", "color")) if wanted else {}


def labels(names: Iterable[str], colors: Mapping[str, str]) -> str:
    """Return the coloured labels of tags."""
    pairs = ((colors.get(name, Tag.Color.GREY), name) for name in names)
    return format_html_join(" ", '<span class="tag tag-{}">{}</span>', pairs)


@admin.register(Tag)
class TagAdmin(ModelAdmin):
    """The list of tags; renaming or deleting one goes through to the records that have it."""

    list_display = ("name", "label", "created_at")
    list_filter = (("color", ChoicesDropdownFilter),)
    search_fields = ("name",)
    ordering = ("name", "id")
    fields = ("name", "color")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).has_perm("crm.add_tag") or super().has_view_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        name = obj.name
        if change:
            obj.name = form.initial["name"]
        super().save_model(request, obj, form, change)
        if change:
            rename_tag(tag=obj, name=name)

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        delete_tag(tag=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        for tag in queryset:
            delete_tag(tag=tag)

    @display(description=_("label"))
    def label(self, tag: Tag) -> str:
        return format_html('<span class="tag tag-{}">{}</span>', tag.color, tag.name)
