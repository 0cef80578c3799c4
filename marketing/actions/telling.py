"""Telling who answers for a campaign that it does not go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from crm.models import Task
from crm.tasks.actions import add_task

if TYPE_CHECKING:
    from marketing.models import Campaign


def give_task(*, campaign: Campaign, title: Any, reason: Any) -> Task | None:
    """Make a task, due now, of a campaign that does not go on; for who launched it, or else its owner, or nobody.

    `title` has a place for the campaign's name; `reason` says what is wrong.
    """
    answers = campaign.launched_by or campaign.owner
    if answers is None:
        return None
    now = timezone.now()
    with override(answers.language or settings.LANGUAGE_CODE):
        known = {"title": (title % campaign.name)[:200], "description": str(reason)}
    return add_task(by=answers, about=campaign, priority=Task.Priority.HIGH, due_at=now, remind_at=now, **known)
