"""The end of a campaign that was sent."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from marketing.models import Campaign, CampaignMember


@transaction.atomic
def end_sent_campaign(*, campaign: Campaign) -> bool:
    """Note that a campaign was sent, where nobody waits for a message any more; tell whether that is so."""
    found = Campaign.objects.select_for_update().filter(pk=campaign.pk, status=Campaign.Status.SENDING).first()
    waiting = CampaignMember.objects.of(campaign).filter(state__in=["queued", "sending"])
    if found is None or not found.is_mailed or waiting.exists():
        return False
    found.status, found.finished_at = Campaign.Status.SENT, timezone.now()
    found.save(update_fields=["status", "finished_at", "updated_at"])
    return True
