"""Rules of retention in the staff site."""

from __future__ import annotations

from django.contrib import admin

from crm.admin.base import ModelAdmin
from customers.models import RetentionRule


@admin.register(RetentionRule)
class RetentionRuleAdmin(ModelAdmin):
    """How long customers are kept; `manage.py apply_retention` does what the rules say."""

    list_display = ("name", "kind", "lifecycle", "days", "verb", "is_active")
    ordering = ("days", "name")
    fields = ("name", ("kind", "lifecycle"), ("days", "verb"), "is_active")
