"""Verbs on campaigns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.refused import Refused
from marketing.actions.members import resolve_members
from marketing.models import Campaign, CampaignMember, Segment

if TYPE_CHECKING:
    import datetime

    from crm.models import User

Status = Campaign.Status
BEFORE: Final = (Status.DRAFT, Status.SCHEDULED)
LATE: Final = timedelta(hours=1)  # for whoever chose "now" and then read it once more
AHEAD: Final = timedelta(days=731)
RUNNING: Final = (Status.SENDING, Status.PAUSED)


class WrongStatus(Refused):
    """The verb does not go with the status of the campaign."""

    text = _("This does not go with the status of the campaign.")


class WrongTime(Refused):
    """The campaign was to start at a time that has long passed, or is years away."""

    text = _("Choose a time from now on, within the next two years.")


class NotReady(Refused):
    """The campaign lacks something without which it cannot be sent."""

    text = _("The campaign is not complete.")

    def __init__(self, text: Any) -> None:
        """Take what is missing."""
        super().__init__(str(text))
        self.text = text  # type: ignore[misc]  # of this refusal alone


@transaction.atomic
def schedule_campaign(*, campaign: Campaign, at: datetime.datetime, by: User) -> Campaign:
    """Let a campaign start of itself at a time.

    Raises WrongTime, WrongStatus, or NotReady where something is missing.
    """
    if not -LATE <= at - timezone.now() <= AHEAD:
        raise WrongTime(campaign.pk)
    campaign = _locked(campaign, BEFORE)
    _require_complete(campaign)
    return _write(campaign, status=Status.SCHEDULED, scheduled_at=at, launched_by=by)


@transaction.atomic
def unschedule_campaign(*, campaign: Campaign) -> Campaign:
    """Make a draft of a scheduled campaign again; raise WrongStatus for any other."""
    campaign = _locked(campaign, (Status.SCHEDULED,))
    return _write(campaign, status=Status.DRAFT, scheduled_at=None, launched_by=None)


@transaction.atomic
def start_campaign(*, campaign: Campaign, by: User | None) -> Campaign:
    """Begin: find out who is part of it, once, and let the worker send.

    Part of it are the customers of the segment whom `by` sees; with None, whom the colleague sees who scheduled it.
    Whoever starts it does so now, whatever time it was scheduled for.
    Raises WrongStatus, or NotReady where something is missing.
    """
    campaign = _locked(campaign, BEFORE)
    _require_complete(campaign)
    if by is not None:  # now, whatever time it was scheduled for
        campaign.launched_by, campaign.scheduled_at = by, None
    resolve_members(campaign=campaign)
    return _write(campaign, status=Status.SENDING, started_at=timezone.now())


@transaction.atomic
def pause_campaign(*, campaign: Campaign) -> Campaign:
    """Let no more messages leave for now; raise WrongStatus unless it is being sent."""
    return _write(_locked(campaign, (Status.SENDING,)), status=Status.PAUSED)


@transaction.atomic
def resume_campaign(*, campaign: Campaign) -> Campaign:
    """Go on with a campaign that was paused; raise WrongStatus for any other."""
    return _write(_locked(campaign, (Status.PAUSED,)), status=Status.SENDING)


@transaction.atomic
def finish_campaign(*, campaign: Campaign) -> Campaign:
    """End a campaign that the CRM does not send itself; raise WrongStatus for any other, and before it began."""
    campaign = _locked(campaign, RUNNING)
    if campaign.is_mailed:
        raise WrongStatus(campaign.pk)
    return _write(campaign, status=Status.SENT, finished_at=timezone.now())


@transaction.atomic
def cancel_campaign(*, campaign: Campaign) -> Campaign:
    """Give a campaign up: whoever got nothing yet gets nothing; raise WrongStatus where it has ended."""
    campaign = _locked(campaign, (*BEFORE, *RUNNING))
    now = timezone.now()
    waiting = CampaignMember.objects.of(campaign).filter(state=CampaignMember.State.QUEUED)
    waiting.update(state="skipped", reason=CampaignMember.Reason.CANCELLED, updated_at=now)
    return _write(campaign, status=Status.CANCELLED, finished_at=now)


def _require_complete(campaign: Campaign) -> None:
    """Raise NotReady where something is missing without which nothing can be sent."""
    if campaign.segment is None:
        raise NotReady(_("Choose a segment first."))
    if campaign.segment.kind == Segment.Kind.DYNAMIC and campaign.segment.fault:
        raise NotReady(_("The conditions of the segment can no longer be read: correct them first."))
    if not campaign.is_mailed:
        return
    if campaign.template is None:
        raise NotReady(_("Choose a template first."))
    if campaign.purpose is None:
        raise NotReady(_("Choose the purpose to which recipients must have agreed."))
    if not campaign.template.subject or not (campaign.template.html or campaign.template.text):
        raise NotReady(_("The template needs a subject and a text."))


def _locked(campaign: Campaign, allowed: tuple[Status, ...]) -> Campaign:
    """Return a campaign under its lock, as it is now; raise WrongStatus where it has none of these."""
    found: Campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if found.status not in allowed:
        raise WrongStatus(campaign.pk)
    return found


def _write(campaign: Campaign, **values: Any) -> Campaign:
    """Write values to a locked campaign."""
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.save(force_update=True)
    return campaign
