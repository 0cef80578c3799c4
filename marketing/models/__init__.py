"""How the company reaches many customers at once: segments, templates, campaigns, and whom not to write to."""

from marketing.models.campaigns import Campaign
from marketing.models.members import CampaignMember, CampaignMemberQuerySet, Click
from marketing.models.segments import Segment, SegmentMember
from marketing.models.suppressions import Suppression, digest_of, normalised, spellings
from marketing.models.templates import Template

__all__ = [
    "Campaign",
    "CampaignMember",
    "CampaignMemberQuerySet",
    "Click",
    "Segment",
    "SegmentMember",
    "Suppression",
    "Template",
    "digest_of",
    "normalised",
    "spellings",
]
