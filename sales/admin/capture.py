"""The part of the sidebar about how leads come in."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from sales.admin import assignment, forms, scoring  # noqa: F401 -- they register screens
from sales.models import AssignmentRule, LeadForm, ScoreRule

add_section(
    Section(
        title=_("Lead capture"),
        order=25,
        items=[
            Item(_("Lead forms"), "dynamic_form", LeadForm),
            Item(_("Score rules"), "speed", ScoreRule),
            Item(_("Assignment rules"), "alt_route", AssignmentRule),
        ],
    )
)
