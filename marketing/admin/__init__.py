"""Marketing in the staff site."""

from django.utils.translation import gettext_lazy as _

from crm.admin import Item, Section, add_section
from marketing.admin import campaigns, members, suppressions, templates  # noqa: F401 -- they register screens
from marketing.models import Campaign, CampaignMember, Suppression, Template

add_section(
    Section(
        title=_("Marketing"),
        order=15,
        items=[
            Item(_("Campaigns"), "campaign", Campaign),
            Item(_("Templates"), "draft", Template),
            Item(_("Campaign members"), "groups", CampaignMember),
            Item(_("Suppressed addresses"), "block", Suppression),
        ],
    )
)
