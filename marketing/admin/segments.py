"""Segments in the staff site."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesRadioFilter

from crm.admin import RecordAdmin
from crm.admin.base import ModelAdmin
from marketing.models import Segment, SegmentMember


@admin.register(Segment)
class SegmentAdmin(RecordAdmin):
    """Groups of customers."""

    list_display = ("name", "kind", "description")
    list_select_related = ()
    list_filter = (("kind", ChoicesRadioFilter),)
    ordering = ("name", "id")
    sections = ((None, {"fields": ("name", "description", "kind", "conditions")}),)
    readonly_fields = (*RecordAdmin.readonly_fields, "kind")


@admin.register(SegmentMember)
class SegmentMemberAdmin(ModelAdmin):
    """Who is on the lists of frozen segments."""

    list_display = ("segment", "customer", "added_at")
