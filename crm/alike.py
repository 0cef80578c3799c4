"""Records that may be one: kinds say how those are found, and every door at which records are added asks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from django.utils.translation import gettext as _

from crm.database.turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from crm.models import Record, User

REFUSE: Final = "refuse"


@dataclass(frozen=True)
class Candidate:
    """A record that may be the same as another, with a score from 0 to 1 and what they share, also in words."""

    id: UUID
    name: str
    score: float
    reasons: list[str]
    reason_words: list[str]

    def __str__(self) -> str:
        return _("%(name)s may be the same: %(reasons)s.") % {
            "name": self.name,
            "reasons": ", ".join(self.reason_words),
        }


class Finder(Protocol):
    """Finds, for records whether written yet or not, who may be the same, also among those before them."""

    def __call__(self, *, records: Sequence[Record], user: User) -> dict[UUID, list[Candidate]]: ...


FINDERS: Final[dict[type[Record], Finder]] = {}


def register(model: type[Record], finder: Finder) -> None:
    """Say how records of a kind that may be one are found."""
    FINDERS[model] = finder


def candidates_of(records: Sequence[Record], user: User) -> dict[UUID, list[Candidate]]:
    """Return, by id, those who may be the same as each record, as far as `user` may see them; likeliest first."""
    if not records or type(records[0]) not in FINDERS:
        return {}
    return FINDERS[type(records[0])](records=records, user=user)


def refused_among(records: Sequence[Record], user: User) -> dict[UUID, list[Candidate]]:
    """Return the new records that are not to be written, each for those who are there or come before it.

    Whoever else asks waits until this transaction is over: of two who add the same at once, one hears of the other.
    """
    if not records or type(records[0]) not in FINDERS:
        return {}
    take_turns("duplicates", records[0].label())
    found = candidates_of(records, user)
    refused: dict[UUID, list[Candidate]] = {}
    for record in records:
        if left := [one for one in found.get(record.pk, ()) if one.id not in refused]:
            refused[record.pk] = left
    return refused
