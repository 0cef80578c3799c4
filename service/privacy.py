"""What is held about customers here, where it is not emptied as of itself."""

from __future__ import annotations

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from service.models import (
    Agent,
    Alert,
    Article,
    BusinessHours,
    CannedReply,
    Category,
    Queue,
    SLAPolicy,
    StatusPeriod,
    Ticket,
)


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(Ticket, kept=frozenset({"number"})))
    holdings.nobody([StatusPeriod, Alert], "Times of tickets, without a word.")
    holdings.nobody([Agent, BusinessHours, Queue, SLAPolicy], "How the company serves customers.")
    holdings.nobody([Article, CannedReply, Category], "What the company tells everybody.")
