"""Ways to reach a customer, as links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.html import format_html

if TYPE_CHECKING:
    from customers.models import Customer


def email_link(customer: Customer) -> str:
    """Return a link to write to a customer; empty where there is no address."""
    return format_html('<a href="mailto:{0}" class="text-link">{0}</a>', customer.email) if customer.email else ""


def phone_link(customer: Customer) -> str:
    """Return a link to call a customer; empty where there is no number."""
    dialled = customer.phone_e164 or customer.phone.replace(" ", "")
    return format_html('<a href="tel:{}" class="text-link">{}</a>', dialled, customer.phone) if dialled else ""


def website_link(customer: Customer) -> str:
    """Return a link to the customer's website that does not tell it where the reader came from."""
    if not customer.website:
        return ""
    return format_html(
        '<a href="{0}" class="text-link" target="_blank" rel="noopener noreferrer">{0}</a>', customer.website
    )
