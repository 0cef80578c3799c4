"""E-mail addresses and message ids that lead back to a ticket, which nobody can make up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

if TYPE_CHECKING:
    from service.models import Ticket, TicketMessage

SALT: Final = "service.addresses"
LENGTH: Final = 20  # 80 bits, in letters that survive mail systems that write all small
TOKEN: Final = re.compile(rf"\+([0-9a-f]{{32}})-([0-9a-f]{{{LENGTH}}})@", re.IGNORECASE)


def signature(key: UUID, secret: str) -> str:
    """Return what proves that an address is ours."""
    return salted_hmac(SALT, key.hex, secret=secret, algorithm="sha256").hexdigest()[:LENGTH]


def reply_to(ticket: Ticket) -> str:
    """Return the address at which answers are known to be about a ticket; empty where its queue has none."""
    if not ticket.queue.email:
        return ""
    local, _at, host = ticket.queue.email.partition("@")
    return f"{local}+{ticket.pk.hex}-{signature(ticket.pk, settings.SECRET_KEY)}@{host}"


def ticket_in(addresses: str) -> UUID | None:
    """Return the ticket that one of the addresses names by a token of ours; None where none does."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for name, proof in TOKEN.findall(addresses):
        key = UUID(name)
        if any(constant_time_compare(signature(key, secret), proof.lower()) for secret in secrets):
            return key
    return None


def without_token(address: str) -> str:
    """Return a support address as its queue has it."""
    return TOKEN.sub("@", address).lower()


def message_id_of(message: TicketMessage) -> str:
    """Return the Message-ID of a reply (RFC 5322, section 3.6.4): the same each time, also when it is sent again."""
    return f"<{message.pk.hex}@{urlsplit(settings.BASE_URL).hostname}>"
