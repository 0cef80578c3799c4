"""Customers in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from customers.admin import (  # noqa: F401 -- they register screens
    addresses,
    consents,
    customers,
    duplicates,
    home,
    interactions,
    overview,
    relations,
    retention,
)
from customers.models import Consent, Customer, Duplicate, Interaction, Purpose, Relationship, RetentionRule

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
            Item(_("Relations"), "account_tree", Relationship),
            Item(_("Consent"), "verified_user", Consent),
            Item(_("Purposes"), "rule", Purpose),
            Item(_("Retention rules"), "auto_delete", RetentionRule),
        ],
    )
)
