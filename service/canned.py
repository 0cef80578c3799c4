"""Fills the places of canned replies: a text of colleagues with names in double braces, and no code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crm.models import User
    from service.models import Ticket

PLACE: Final = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")


def filled(text: str, ticket: Ticket, by: User | None = None) -> str:
    """Return a text with what is known of a ticket in its places; a place that nobody knows stays as it is."""
    known = {
        "customer": ticket.customer.name,
        "customer.name": ticket.customer.name,
        "number": ticket.number,
        "subject": ticket.subject,
        "queue": ticket.queue.name,
        "agent": str(by) if by else ticket.queue.name,
    }
    return PLACE.sub(lambda match: known.get(match[1], match[0]), text)
