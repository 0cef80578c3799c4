"""Background work on campaigns: starting those whose time has come, and sending."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.changes.context import acting
from crm.tasks.actions import give_task
from marketing import actions, sending
from marketing.models import Campaign, CampaignMember

BEHIND_ALL: Final = -1  # a campaign keeps nobody waiting who asked for an import or a reminder
QUEUE: Final = "campaigns"
logger = logging.getLogger(__name__)


@app.task(queue=QUEUE, priority=BEHIND_ALL, name="marketing.send")
def send(campaign: str) -> None:
    """Send what a campaign has to send, as long as a turn lasts."""
    with acting(command="campaign"):
        goes_on = sending.send_turn(UUID(campaign))
    if goes_on:  # else the worker tries again in a second, as it looks after campaigns
        dispatch()


def look_after_campaigns() -> None:
    """Start the campaigns whose time has come, and let others go on; the worker does so every second."""
    due = Campaign.objects.filter(status=Campaign.Status.SCHEDULED, scheduled_at__lte=timezone.now())
    for campaign in due:
        try:
            with acting(command="campaign"):
                actions.start_campaign(campaign=campaign, by=None)
        except actions.WrongStatus:
            continue  # another worker was faster
        except actions.NotReady as error:
            give_up(campaign, error)
    dispatch()


def give_up(campaign: Campaign, error: actions.NotReady) -> None:
    """Make a draft again of a campaign that cannot start, and tell who answers for it."""
    logger.warning("Campaign %s cannot start: %s", campaign.pk, error)
    with acting(command="campaign"), transaction.atomic(), suppress(actions.WrongStatus):
        actions.unschedule_campaign(campaign=campaign)
        title = (_("The campaign “%s” did not start"), campaign.name)
        give_task(to=campaign.answers_for_it, title=title, reason=str(error.text), about=campaign)


def dispatch() -> None:
    """Enqueue a turn for each campaign that has something to send and no turn yet."""
    waits = ProcrastinateJob.objects.filter(queue_name=QUEUE, status="todo")
    known = {args.get("campaign") for args in waits.values_list("args", flat=True)}
    interrupted = CampaignMember.objects.filter(state=CampaignMember.State.SENDING).values("campaign")
    unfinished = Q(status=Campaign.Status.SENDING) | Q(status=Campaign.Status.CANCELLED, pk__in=interrupted)
    for campaign in Campaign.objects.filter(unfinished, kind=Campaign.Kind.EMAIL):
        if str(campaign.pk) not in known and has_work(campaign) and not sending.is_being_sent(campaign.pk):
            send.defer(campaign=str(campaign.pk))


def has_work(campaign: Campaign) -> bool:
    """Tell whether a turn would do something: send, choose the better subject, or end the campaign.

    In one that was cancelled, only members are left that a sender had in hand.
    """
    if campaign.status == Campaign.Status.CANCELLED or sending.waiting(campaign).exists():
        return True
    if not campaign.members.filter(state="queued").exists():
        return True
    return campaign.is_compared and bool(actions.choose_winner(campaign=campaign))
