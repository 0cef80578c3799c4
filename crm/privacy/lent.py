"""What of a person stands in the history of another, with whom they were one record until the merge was undone.

Only values that came over with the merge are taken out; what the other had, and changed meanwhile, stays as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crm.merging.fields import EMPTY
from crm.merging.rows import CUSTOM, flat
from crm.models import Change, Merge, WebhookAttempt, WebhookDelivery
from crm.privacy import holdings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from crm.models.changes import ChangeQuerySet
    from crm.privacy.person import Person

type Given = Mapping[str, list[Any]]
SIDES: Final = ("before", "after")


def clean(person: Person) -> dict[str, int]:
    """Take a person's values out of the changes of others, and of the messages made of those."""
    counts = {"crm.change": 0, "crm.webhookdelivery": 0}
    shown = holdings.of(type(person.customer)).shown()
    for loser, winner in undone(person):
        taken_over = lines_of(loser, winner)
        given = given_by(taken_over, shown)
        if not given:
            continue
        later = Change.objects.filter(record__in=holders(winner), model=person.customer.label())
        for line in later.filter(sequence__gte=min(one.sequence for one in taken_over)).iterator():
            sides = {side: left_out(getattr(line, side), given, shown) for side in SIDES}
            if any(sides[side] != getattr(line, side) for side in SIDES):
                counts["crm.change"] += Change.objects.filter(pk=line.pk).update(**sides)
                counts["crm.webhookdelivery"] += clean_messages(line, sides)
    return counts


def undone(person: Person) -> list[tuple[UUID, UUID]]:
    """Return who was part of whom for a while: ids of the person, and the others'."""
    merges = Merge.objects.of(type(person.customer)).filter(undone_at__isnull=False, loser__in=person.ids)
    return list(merges.exclude(winner__in=person.ids).values_list("loser", "winner").distinct())


def holders(winner: UUID) -> set[UUID]:
    """Return the ids of the record that took values over, and of those that it was part of for a while."""
    found = {winner}
    while more := set(Merge.objects.filter(loser__in=found).values_list("winner", flat=True)) - found:
        found |= more
    return found


def lines_of(loser: UUID, winner: UUID) -> ChangeQuerySet:
    """Return what merges changed in the record that remained."""
    said = Change.objects.filter(record=loser, action=Change.Action.MERGED, after__merged_into=str(winner))
    return Change.objects.filter(record=winner, transaction__in=said.values("transaction"))


def given_by(lines: Iterable[Change], shown: Mapping[str, Any]) -> Given:
    """Return the values that came over with a merge, by field; only of fields that are erased."""
    given: dict[str, list[Any]] = {}
    for line in lines:
        had = flat(line.before or {})
        for name, value in flat(line.after or {}).items():
            if (name in shown or name.startswith(CUSTOM)) and value not in (*EMPTY, had.get(name)):
                given.setdefault(name, []).append(value)
    return given


def left_out(side: dict[str, Any] | None, given: Given, shown: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return one side of a change with constants where it has a value that was given, and without custom ones."""
    if side is None:
        return None
    kept = {name: shown.get(name) if value in given.get(name, ()) else value for name, value in side.items()}
    custom: Any = kept.get("custom")
    if custom:
        kept["custom"] = {name: one for name, one in custom.items() if one not in given.get(f"{CUSTOM}{name}", ())}
    return kept


def clean_messages(line: Change, sides: Mapping[str, Any]) -> int:
    """Give the messages made of a change what it says now, forget what receivers answered; return how many."""
    made = WebhookDelivery.objects.filter(record=line.record, body__data__id=f"{line.transaction}-{line.sequence}")
    for message in made:
        WebhookDelivery.objects.filter(pk=message.pk).update(
            body={**message.body, "data": {**message.body["data"], **sides}}
        )
    WebhookAttempt.objects.filter(delivery__in=made).update(response_body="", response_headers={})
    return len(made)
