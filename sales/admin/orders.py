"""Orders in the staff site: read here, written by synchronisation only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.decorators import display

from crm.admin import ExternalReferenceInline, RecordAdmin, RecordInline, link_to
from crm.admin.base import ReadOnly
from crm.admin.lists import DayRangeFilter
from sales.admin.opportunities import money
from sales.models import Order, OrderLine


class OrderLineInline(ReadOnly, RecordInline):
    model = OrderLine
    fields = readonly_fields = ("product", "description", "quantity", "unit_price", "discount", "total")
    ordering = ("id",)
    verbose_name = _("line")
    verbose_name_plural = _("lines")


@admin.register(Order)
class OrderAdmin(ReadOnly, RecordAdmin):
    """What customers ordered, as the ERP has it."""

    list_display = ("number", "customer_link", "ordered_on", "required_on", "shipped_on", "total_text")
    list_select_related = ("customer",)
    linked = ("customer",)
    list_filter = (
        ("ordered_on", DayRangeFilter),
        ("shipped_on", DayRangeFilter),
        ("number", FieldTextFilter),
    )
    ordering = ("-ordered_on", "-id")
    inlines = (OrderLineInline, ExternalReferenceInline)
    sections = (
        (
            None,
            {
                "fields": (
                    ("number", "customer"),
                    ("ordered_on", "required_on", "shipped_on"),
                    ("total", "freight", "currency"),
                )
            },
        ),
        (
            _("Ship to"),
            {
                "classes": ["tab"],
                "fields": (
                    "ship_to_name",
                    "ship_to_street",
                    ("ship_to_postal_code", "ship_to_city"),
                    ("ship_to_region", "ship_to_country"),
                ),
            },
        ),
    )

    @display(description=_("customer"))
    def customer_link(self, order: Any) -> str:
        return link_to(order.customer)

    @display(description=_("total"), ordering="total")
    def total_text(self, order: Any) -> str:
        return money(order.total, order.currency)


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnly, RecordAdmin):
    """What orders consist of."""

    list_display = ("__str__", "order", "quantity", "unit_price", "discount", "total")
    list_select_related = ("order", "product")
    ordering = ("-created_at", "-id")
    readonly_fields = (*RecordAdmin.readonly_fields, "total")
    sections = (
        (None, {"fields": ("order", "product", "description", ("quantity", "unit_price"), ("discount", "total"))}),
    )
