"""Templates in the staff site."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.admin import RecordAdmin
from marketing.models import Template


@admin.register(Template)
class TemplateAdmin(RecordAdmin):
    """What campaigns say."""

    list_display = ("name", "subject", "owner", "updated_at")
    list_select_related = ("owner",)
    search_help_text = _("Name or subject")
    ordering = ("name", "id")
    sections = ((None, {"fields": ("name", "subject", "preheader", "html", "text")}),)
