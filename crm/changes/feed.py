"""Reading the change feed: in an order that no later commit can disturb, from any position on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from django.db.models import Min

from crm.api.representation import RowJSON
from crm.api.statements import Parameter, run_once, statement
from crm.database.prepared import fetch_one
from crm.models import Change
from crm.models.changes import HORIZON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from crm.api.representation import Shape
    from crm.models import Record, User

POSITION: Final = re.compile(r"(\d{1,19})-(\d{1,19})")
LARGEST: Final = 2**63 - 1
STREAMED: Final = 100
STATE: Final = f"""
    SELECT {HORIZON}, coalesce(s.pruned_transaction, 0), coalesce(s.pruned_sequence, 0)
    FROM (SELECT) AS one LEFT JOIN crm_feedstate AS s ON true
"""  # noqa: S608 -- made of constants


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the feed, behind a change: the database's number of the transaction, then the change's own."""

    transaction: int = 0
    sequence: int = 0

    def encode(self) -> str:
        """Return the position as clients keep it."""
        return f"{self.transaction}-{self.sequence}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a position; raise ValueError where it is none."""
        found = POSITION.fullmatch(text)
        if found is None or max(numbers := (int(found[1]), int(found[2]))) > LARGEST:
            raise ValueError(text)
        return cls(*numbers)


@dataclass(frozen=True, slots=True)
class State:
    """Where the feed begins, and the position before which nothing can change any more."""

    start: Position
    horizon: Position

    @classmethod
    def now(cls) -> State:
        """Ask the database."""
        row = fetch_one(STATE, [])
        horizon, *pruned = row or (0, 0, 0)
        return cls(Position(*pruned), Position(horizon, 0))


@dataclass(frozen=True, slots=True)
class Page:
    """Changes as JSON texts, the position to go on from, and whether there is more already."""

    texts: list[str]
    position: Position
    has_more: bool


class FeedExpired(Exception):
    """The position is older than what the feed still has."""


def read(
    *,
    user: User,
    kinds: Sequence[type[Record]],
    shape: Shape,
    after: Position,
    limit: int,
    narrow: Callable[[QuerySet[Any, Any]], QuerySet[Any, Any]] | None = None,
) -> Page:
    """Return the next changes of these kinds that `user` may see; raise FeedExpired where some are gone.

    A page that is not full ends at the horizon, so that a reader who waits never falls behind what is pruned.
    """
    state = State.now()
    if after < state.start:
        raise FeedExpired(after)

    def select(caller: Any) -> Any:
        changes = Change.objects.visible_to(caller, kinds).filter(transaction__lt=Parameter("horizon"))
        changes = changes.after(Parameter("transaction"), Parameter("sequence"))
        chosen: Any = narrow(changes) if narrow else changes
        return chosen.in_order().values_list(RowJSON(shape, caller), "transaction", "sequence")[: limit + 1]

    given = {
        "horizon": state.horizon.transaction,
        "transaction": after.transaction,
        "sequence": after.sequence,
    }
    if narrow:
        rows = run_once(select(user), user, **given)
    else:
        rows = statement((read, tuple(kinds), shape, limit), user, select).run(user, **given)
    if len(rows) > limit:
        return Page([row[0] for row in rows[:limit]], Position(*rows[limit - 1][1:]), has_more=True)
    return Page([row[0] for row in rows], max(after, state.horizon), has_more=False)


def position_at(moment: datetime) -> Position:
    """Return the position before the first change at or after a moment; the horizon where there is none yet."""
    first = Change.objects.filter(at__gte=moment).aggregate(first=Min("transaction"))["first"]
    return State.now().horizon if first is None else Position(first, 0)
