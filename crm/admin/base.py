"""unfold's classes under Django's types: unfold annotates its options with the empty defaults they start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib import admin
    from django.contrib.contenttypes import admin as generic
    from django.http import HttpRequest

    class ModelAdmin(admin.ModelAdmin[Any]):
        actions_detail: Sequence[str]
        actions_row: Sequence[str]
        add_fieldsets: Any
        change_form_before_template: str
        change_form_outer_before_template: str
        list_filter_submit: bool
        list_filter_sheet: bool
        warn_unsaved_form: bool
        unsearchable: frozenset[str]

    class Inline:
        tab: bool
        per_page: int

    class TabularInline(Inline, admin.TabularInline[Any, Any]): ...

    class StackedInline(Inline, admin.StackedInline[Any, Any]): ...

    class GenericTabularInline(Inline, generic.GenericTabularInline): ...

else:
    from django.contrib.admin.options import ActionLocation
    from unfold.admin import GenericTabularInline, StackedInline, TabularInline
    from unfold.admin import ModelAdmin as UnfoldModelAdmin

    class ModelAdmin(UnfoldModelAdmin):
        unsearchable = frozenset()  # fields by which an address narrows no list, since that would tell what they hold

        def lookup_allowed(self, lookup, value, request=None):
            """Refuse to narrow a list by what its page does not show."""
            if lookup.partition("__")[0] in self.unsearchable:
                return False
            return super().lookup_allowed(lookup, value, request)

        def get_action_choices(self, request, default_choices=None, action_location=ActionLocation.CHANGE_LIST):
            """Return unfold's choices; its own method has not learnt Django 6.1's arguments yet."""
            first = [("", _("Select action"))]
            return super(UnfoldModelAdmin, self).get_action_choices(request, first, action_location)

        def changelist_view(self, request, extra_context=None):
            """Run what was chosen to be done to several rows in one transaction, as Django does for a single row."""
            if request.method != "POST":
                return super().changelist_view(request, extra_context)
            with transaction.atomic():
                return super().changelist_view(request, extra_context)


class ReadOnly:
    """A mixin for inlines whose rows are changed elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


__all__ = ["GenericTabularInline", "ModelAdmin", "ReadOnly", "StackedInline", "TabularInline"]
