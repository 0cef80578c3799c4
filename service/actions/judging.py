"""Customers judge how a ticket was answered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from crm.custom.definitions import begin
from service.actions.refusals import locked
from service.models import SurveyAnswer

if TYPE_CHECKING:
    from service.models import Ticket

CHANGEABLE: Final = timedelta(days=7)


class NotDone(Exception):
    """A ticket is judged once it is resolved."""


class TooLate(Exception):
    """The answer was given too long ago to be changed."""


@transaction.atomic
def judge_ticket(*, ticket: Ticket, score: int, comment: str = "") -> SurveyAnswer:
    """Note how the customer judges the present resolution, from 1 to 5; within seven days they may change it.

    Raises NotDone, TooLate, or ValidationError for a score or a comment that is not allowed.
    """
    ticket = locked(key=ticket.pk)
    if not ticket.is_done:
        raise NotDone(ticket.pk)
    answer: Any = SurveyAnswer.objects.filter(ticket=ticket, resolution=ticket.resolution).first()
    if answer is not None and answer.created_at + CHANGEABLE < timezone.now():
        raise TooLate(ticket.pk)
    if answer is None:
        answer = SurveyAnswer(ticket=ticket, resolution=ticket.resolution, owner=ticket.assignee, team=ticket.team)
        begin([answer])
    answer.score, answer.comment, answer.answered_at = score, comment, timezone.now()
    answer.full_clean(exclude=["ticket", "owner", "team"], validate_unique=False)
    answer.save()
    return answer  # type: ignore[no-any-return]
