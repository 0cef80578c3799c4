"""Answers of people to messages of campaigns; what machines answer of themselves is none (RFC 3834)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final

from crm import machines
from crm.mime import BROKEN, Unreadable, parsed
from marketing.mail.bounces import known_among, message_ids, named_in_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

ANSWERED: Final = ("in-reply-to", "references")


@dataclass(frozen=True)
class Mail:
    """What is looked at of an e-mail."""

    headers: Mapping[str, str]
    content_type: str
    sender: str


def read(content: bytes) -> UUID | None:
    """Return the member whose message a person answered; None for any other e-mail."""
    try:
        message = parsed(content)
        headers = {name.lower(): str(value) for name, value in message.raw_items()}
        sender = parseaddr(headers.get("from", ""))[1]
        content_type = message.get_content_type()
    except (Unreadable, *BROKEN):
        return None
    if machines.is_automatic(Mail(headers, content_type, sender)):
        return None
    answered = message_ids(" ".join(headers.get(name, "") for name in ANSWERED))
    return known_among([*answered, named_in_address(message)])
