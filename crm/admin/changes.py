"""The change feed, as administrators and auditors read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from crm.admin.lists import DayRangeFilter
from crm.admin.system import LogAdmin
from crm.models import Change, DatabaseIdentity, FeedState

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(Change)
class ChangeAdmin(LogAdmin):
    """Every change of every record."""

    list_display = ("at", "action", "model", "record", "user", "application", "command")
    list_select_related = ("user",)
    list_filter = (("action", ChoicesDropdownFilter), ("at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("record", "request_id")
    ordering = ("-sequence",)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("crm.view_change")


@admin.register(FeedState)
class FeedStateAdmin(LogAdmin):
    """What the change feed knows of itself."""

    list_display = ("base", "pruned_transaction", "pruned_sequence")


@admin.register(DatabaseIdentity)
class DatabaseIdentityAdmin(LogAdmin):
    """Which database this is, and whether it may send."""

    list_display = ("epoch", "held_since", "held_reason", "marks", "host", "seen_at")
