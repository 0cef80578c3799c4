"""Customers in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from customers.admin import addresses, customers, duplicates, home, interactions  # noqa: F401 -- they register screens
from customers.models import Customer, Duplicate, Interaction

add_section(
    Section(
        title=_("Customers"),
        order=10,
        items=[
            Item(_("All customers"), "groups", Customer),
            Item(_("People"), "person", Customer, ("kind__exact", "person")),
            Item(_("Organizations"), "domain", Customer, ("kind__exact", "organization")),
            Item(_("Interactions"), "forum", Interaction),
            Item(_("Duplicates"), "join_inner", Duplicate),
        ],
    )
)
