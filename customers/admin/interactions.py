"""Interactions in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to, staff
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from customers.models import Interaction

if TYPE_CHECKING:
    from django.http import HttpRequest

KIND_COLORS = {
    "call": "info",
    "email": "primary",
    "meeting": "success",
    "message": "info",
    "note": "warning",
    "visit": "success",
}


@admin.register(Interaction)
class InteractionAdmin(RecordAdmin):
    """What was said and done between customers and us."""

    list_display = ("subject", "kind_label", "direction", "customer_link", "occurred_at", "user")
    list_select_related = ("customer", "user")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("direction", ChoicesDropdownFilter),
        ("user", ColleagueFilter),
        ("occurred_at", DayRangeFilter),
    )
    ordering = ("-occurred_at", "-id")
    autocomplete_fields = ("customer",)
    sections = (
        (None, {"fields": ("customer", ("kind", "direction"), "subject", "body")}),
        (_("Time and people"), {"classes": ["tab"], "fields": ("occurred_at", "duration", "user")}),
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": staff(request).pk, **super().get_changeform_initial_data(request)}

    @display(description=_("kind"), ordering="kind", label=KIND_COLORS)
    def kind_label(self, interaction: Interaction) -> tuple[str, str]:
        return interaction.kind, interaction.get_kind_display()

    @display(description=_("customer"), ordering="customer__name")
    def customer_link(self, interaction: Interaction) -> str:
        return link_to(interaction.customer)
