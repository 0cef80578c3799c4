"""Campaigns that wait or are being sent, as `manage.py restored` counts and discards them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.changes.context import acting
from crm.restored.waiting import Waiting, register
from marketing import actions
from marketing.models import Campaign

Status = Campaign.Status


def register_all() -> None:
    """Tell the registry."""
    register(Waiting(_("campaigns"), lambda: campaigns().count(), discard_campaigns))


def campaigns() -> Any:
    """Return the campaigns that are being sent, or whose time has come."""
    is_due = Q(status=Status.SCHEDULED, scheduled_at__lte=timezone.now())
    return Campaign.objects.filter(Q(status=Status.SENDING) | is_due)


def discard_campaigns() -> None:
    """Pause those that are being sent, and make drafts of those whose time has come: people decide about the rest."""
    with acting(command="restored"):
        for campaign in campaigns():
            if campaign.status == Status.SENDING:
                actions.pause_campaign(campaign=campaign)
            else:
                actions.unschedule_campaign(campaign=campaign)
