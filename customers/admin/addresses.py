"""Addresses in the staff site: on the customer's page, and each by itself."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from crm.admin import RecordAdmin
from customers.admin.countries import WithCountry
from customers.models import Address


@admin.register(Address)
class AddressAdmin(WithCountry, RecordAdmin):
    """Where customers are."""

    list_display = ("__str__", "customer", "type", "is_primary")
    list_select_related = ("customer",)
    autocomplete_fields = ("customer",)
    ordering = ("-created_at", "-pk")
    sections = (
        (None, {"fields": ("customer", ("type", "is_primary"))}),
        (
            _("Address"),
            {"classes": ["tab"], "fields": ("street", ("postal_code", "city"), ("region", "country"))},
        ),
    )
