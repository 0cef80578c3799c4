"""Suppressed addresses in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from crm.admin.base import ModelAdmin
from marketing.models import Suppression

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):
    """Addresses to which nothing more is sent."""

    list_display = ("shown", "reason", "detail", "created_at")
    list_filter = (("reason", ChoicesDropdownFilter),)
    list_filter_submit = True
    search_fields = ("address__istartswith",)
    search_help_text = _("Address, also one that was erased")
    ordering = ("-created_at", "-id")
    fields = ("address", "reason", "detail", "digest", "created_at")
    readonly_fields = ("digest", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what stays as it is: of one that is suppressed, the address."""
        return self.readonly_fields if obj is None else ("address", *self.readonly_fields)

    @admin.display(description=_("address"))
    def shown(self, one: Suppression) -> str:
        return one.address or str(_("erased (%s…)") % one.digest[:12])

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, is_double = super().get_search_results(request, queryset, search_term)
        erased = Suppression.objects.of(search_term) if "@" in search_term else Suppression.objects.none()
        return found | queryset.filter(pk__in=erased), is_double
