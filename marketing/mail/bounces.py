"""Messages that come back: whose it was, and whether the address will ever take one (RFC 3464)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from flufl.bounce import all_failures

from crm.api.characters import without_control_characters
from crm.mime import Unreadable, parsed
from marketing.mail.messages import BOUNCES
from marketing.models import CampaignMember

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message

MESSAGE_ID: Final = re.compile(r"<([0-9a-f]{32})@", re.IGNORECASE)
READ: Final = 1_000_000  # signs in which a Message-ID of ours is looked for
MOST: Final = 100  # ids that are looked up
ADDRESSED: Final = ("to", "cc", "delivered-to", "x-original-to")
STATUS: Final = re.compile(r"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
DIAGNOSIS: Final = re.compile(r"^Diagnostic-Code:\s*(?:smtp;)?\s*(.+)$", re.IGNORECASE | re.MULTILINE)
# Late, full, too large, a broken server, or forbidden (RFC 3463): the address itself may be good.
SOFT: Final = ("4.", "5.2.2", "5.2.3", "5.3.", "5.7.")


@dataclass(frozen=True)
class Bounce:
    """Whose message came back, whether for good, and what the server said."""

    member: UUID
    is_permanent: bool
    detail: str


def read(content: bytes) -> Bounce | None:
    """Return what a message that came in tells; None where it is no message of ours that came back."""
    text = content.decode("utf-8", "replace")
    try:
        message = parsed(content)
    except Unreadable:
        return None
    member = member_in(message, text)
    if member is None:
        return None
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 -- anybody writes to this address, and its detectors read anything
        return None
    if not temporary and not permanent:
        return None
    status = STATUS.search(text)
    said = DIAGNOSIS.search(text)
    detail = without_control_characters(" ".join(filter(None, (status and status[1], said and said[1].strip()))))
    return Bounce(member, bool(permanent) and not (status and status[1].startswith(SOFT)), detail)


def member_in(message: Message, text: str) -> UUID | None:
    """Return the member whose message it was: by the address that it came back to, which nobody can make up.

    Where no address to come back to is configured, by the Message-ID in it.
    """
    named = named_in_address(message)
    return known_among([named] if settings.MARKETING_BOUNCE_ADDRESS else message_ids(text[:READ]))


def named_in_address(message: Message) -> UUID | None:
    """Return the member that the address names to which a message came."""
    return BOUNCES.key_in(" ".join(str(one) for name in ADDRESSED for one in message.get_all(name, ())))


def message_ids(text: str) -> list[UUID]:
    """Return the members whose Message-IDs stand in a text, in order."""
    return [UUID(one) for one in MESSAGE_ID.findall(text)]


def known_among(found: Iterable[UUID | None]) -> UUID | None:
    """Return the first member that there is of some ids."""
    keys = list(dict.fromkeys(key for key in found if key))[:MOST]
    known = set(CampaignMember.objects.filter(pk__in=keys).values_list("pk", flat=True))
    return next((key for key in keys if key in known), None)
