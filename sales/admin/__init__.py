"""Sales in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from sales.admin import (  # noqa: F401 -- they register screens
    board,
    capture,
    home,
    leads,
    opportunities,
    orders,
    overview,
    pipelines,
    products,
)
from sales.models import ExchangeRate, Lead, LossReason, Opportunity, Order, Pipeline, Product

add_section(
    Section(
        title=_("Sales"),
        order=20,
        items=[
            Item(_("Leads"), "flag", Lead),
            Item(_("Opportunities"), "handshake", Opportunity, ("status__exact", "open")),
            Item(_("Orders"), "shopping_cart", Order),
            Item(_("Products"), "inventory_2", Product),
            Item(_("Pipelines"), "view_kanban", Pipeline),
            Item(_("Loss reasons"), "thumb_down", LossReason),
            Item(_("Exchange rates"), "currency_exchange", ExchangeRate),
        ],
    )
)
