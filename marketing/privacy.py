"""What marketing holds about customers, where it is not emptied as of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from marketing.models import Campaign, Click, Segment, SegmentMember, Suppression, Template, digest_of

if TYPE_CHECKING:
    from crm.privacy.person import Person


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(Click, is_deleted=True))
    holdings.register(Holding(SegmentMember, is_deleted=True))
    holdings.register(Holding(Suppression, kept=frozenset({"digest"})))
    holdings.trace([Suppression], forget_addresses)
    holdings.nobody([Segment, Template, Campaign], "What the company says to many, and how they are chosen.")


def forget_addresses(person: Person) -> dict[str, int]:
    """Leave of the person's suppressed addresses only the digests, by which they stay suppressed."""
    digests = [digest_of(word) for word in person.words if "@" in word]
    found = Suppression.objects.filter(digest__in=digests).exclude(address="", detail="")
    number = found.update(address="", detail="")
    return {Suppression._meta.label_lower: number} if number else {}
