"""E-mail addresses and message ids that lead back to a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.conf import settings

from crm.plus_addresses import PlusAddresses

if TYPE_CHECKING:
    from service.models import Ticket, TicketMessage

TICKETS: Final = PlusAddresses("service.addresses")


def reply_to(ticket: Ticket) -> str:
    """Return the address at which answers are known to be about a ticket; empty where its queue can have none."""
    return TICKETS.address(ticket.queue.email, ticket.pk)


def message_id_of(message: TicketMessage) -> str:
    """Return the Message-ID of a reply (RFC 5322, section 3.6.4): the same each time, also when it is sent again."""
    return f"<{message.pk.hex}@{urlsplit(settings.BASE_URL).hostname}>"
