"""Products in the staff site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.decorators import display

from crm.admin import RecordAdmin
from sales.admin.opportunities import money
from sales.models import Product


@admin.register(Product)
class ProductAdmin(RecordAdmin):
    """What the company sells."""

    list_display = ("name", "code", "price_text", "unit", "is_active")
    list_select_related = ()
    list_filter = (("is_active", BooleanRadioFilter),)
    search_help_text = _("Code or name")
    ordering = ("name", "id")
    sections = ((None, {"fields": ("code", "name", ("price", "currency"), ("unit", "is_active"), "description")}),)

    @display(description=_("price"), ordering="price")
    def price_text(self, product: Any) -> str:
        return money(product.price, product.currency)
