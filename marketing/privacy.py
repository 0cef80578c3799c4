"""What marketing holds about customers, where it is not emptied as of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from crm.privacy import holdings
from crm.privacy.holdings import Holding
from crm.privacy.words import ERASED
from marketing.models import Campaign, Click, Segment, SegmentMember, Suppression, Template, digest_of

if TYPE_CHECKING:
    from crm.privacy.person import Person


def register() -> None:
    """Tell the registry."""
    holdings.register(Holding(Click, is_deleted=True))
    holdings.register(Holding(SegmentMember, is_deleted=True))
    holdings.register(Holding(Suppression, kept=frozenset({"digest"})))
    holdings.trace([Suppression], forget_addresses)
    holdings.trace([Segment], forget_in_segments)
    holdings.nobody([Template, Campaign], "What the company says to many, and how they are chosen.")


def forget_addresses(person: Person) -> dict[str, int]:
    """Leave of the person's suppressed addresses only the digests, by which they stay suppressed."""
    digests = [digest_of(word) for word in person.words if "@" in word]
    found = Suppression.objects.filter(digest__in=digests).exclude(address="", detail="")
    number = found.update(address="", detail="")
    return {Suppression._meta.label_lower: number} if number else {}


def forget_in_segments(person: Person) -> dict[str, int]:
    """Take the person out of segments that were put together with their address or name, and out of their history."""
    named = person.named_in(Segment.objects.all(), "name", "description", "conditions", "custom", by_names=True)
    if not named:
        return {}
    for segment in Segment.objects.filter(pk__in=named):
        texts = {
            "name": f"{ERASED} {segment.pk.hex[-8:]}" if person.is_told(segment.name) else segment.name,
            "description": "" if person.is_told(segment.description) else segment.description,
            "custom": {} if person.is_told(segment.custom) else segment.custom,
            "conditions": conditions_without(person, segment.conditions),
        }
        Segment.objects.filter(pk=segment.pk).update(**texts, updated_at=timezone.now())
    person.gone.setdefault(Segment.label(), set()).update(named)
    return {Segment.label(): len(named)}


def conditions_without(person: Person, conditions: Any) -> Any:
    """Return conditions in which no value names the person; where that leaves them known, conditions of nobody."""
    kept = without(person, conditions)
    return {"name": ERASED} if person.is_told(kept) else kept


def without(person: Person, node: Any) -> Any:
    """Return a part of conditions with other values in place of those that name the person."""
    if isinstance(node, dict):
        return {name: without(person, value) for name, value in node.items()}
    if isinstance(node, list):
        return [without(person, one) for one in node]
    if not isinstance(node, str) or not person.is_named(node):
        return node
    return ",".join(one for one in node.split(",") if not person.is_named(one)) or ERASED
