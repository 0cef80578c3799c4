"""What is held about customers here, where it is not emptied as of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from service.models import (
    Agent,
    Alert,
    Article,
    ArticleVote,
    BusinessHours,
    CannedReply,
    Category,
    Draft,
    IncomingMail,
    Presence,
    Queue,
    SLAPolicy,
    StatusPeriod,
    SurveyRequest,
    Ticket,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.privacy.person import Person


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(Ticket, kept=frozenset({"number"})))
    holdings.register(Holding(IncomingMail, is_deleted=True))
    holdings.register(Holding(Draft, is_deleted=True))
    holdings.trace([IncomingMail], refused_mail)
    holdings.nobody([StatusPeriod, Alert, SurveyRequest], "Times of tickets, without a word.")
    holdings.nobody([Presence], "Which colleague looks at which ticket, for half a minute.")
    holdings.nobody([Agent, BusinessHours, Queue, SLAPolicy], "How the company serves customers.")
    holdings.nobody([Article, CannedReply, Category], "What the company tells everybody.")
    holdings.nobody([ArticleVote], "Readers without a name: a random number in their own browser.")


def refused_mail(person: Person) -> Mapping[str, int]:
    """Delete e-mails that became no ticket and name the person as their sender or in their subject."""
    found = person.named_in(IncomingMail.objects.filter(customer__isnull=True), "sender", "subject")
    return {"service.incomingmail": IncomingMail.objects.filter(pk__in=found).delete()[0]}
