"""Marketing in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from marketing.admin import (  # noqa: F401 -- they register screens
    campaigns,
    members,
    segments,
    suppressions,
    templates,
)
from marketing.models import Campaign, CampaignMember, Segment, Suppression, Template

add_section(
    Section(
        title=_("Marketing"),
        order=30,
        items=[
            Item(_("Campaigns"), "campaign", Campaign),
            Item(_("Segments"), "group_work", Segment),
            Item(_("Templates"), "draft", Template),
            Item(_("Campaign members"), "groups", CampaignMember),
            Item(_("Suppressed addresses"), "block", Suppression),
        ],
    )
)
