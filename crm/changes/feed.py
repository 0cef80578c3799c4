"""Reading the change feed: in an order that no later commit can disturb, from any position on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self

from django.db.models import Min

from crm.api.representation import RowJSON
from crm.api.statements import Parameter, run_once, statement
from crm.database.prepared import fetch_all
from crm.models import Change
from crm.models.changes import HORIZON
from crm.restored.identity import MARKS, recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from crm.api.representation import Shape
    from crm.models import Record, User

POSITION: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})(?:-([0-9a-f]{8}))?")
STREAMED: Final = 100
STATE: Final = f"""
    SELECT {HORIZON}, coalesce(s.pruned_transaction, 0), coalesce(s.pruned_sequence, 0),
        coalesce(i.marks = {MARKS}, false), i.epoch, CASE WHEN i.accepts_former THEN i.former_epochs ELSE '{{}}' END,
        CASE WHEN i.accepts_former THEN 0 ELSE i.begins_at END
    FROM (SELECT) AS one LEFT JOIN crm_feedstate AS s ON true LEFT JOIN crm_databaseidentity AS i ON true
"""  # noqa: S608 -- made of constants


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in the feed, behind a change: the database's number of the transaction, then the change's own.

    `epoch` says in which life of the database it was given out: empty in the id of a change and in positions of
    versions without epochs, None where the database itself keeps the position.
    """

    transaction: int = 0
    sequence: int = 0
    epoch: str | None = field(default=None, compare=False)

    def encode(self) -> str:
        """Return the position as clients keep it."""
        return f"{self.number}-{self.epoch}" if self.epoch else self.number

    @property
    def number(self) -> str:
        """The position without its epoch."""
        return f"{self.transaction}-{self.sequence}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read a position; raise ValueError where it is none."""
        found = POSITION.fullmatch(text)
        if found is None:
            raise ValueError(text)
        return cls(int(found[1]), int(found[2]), found[3] or "")


@dataclass(frozen=True, slots=True)
class State:
    """Where the feed begins, the position before which nothing can change any more, and whose positions are good."""

    start: Position
    horizon: Position
    former: Sequence[str]
    begins_at: int

    @classmethod
    def now(cls) -> State:
        """Ask the database, and whether it is the one that it was, in one statement."""
        (row,) = fetch_all(STATE, [], prepares=True)
        if not row[3]:
            recognise()
            (row,) = fetch_all(STATE, [], prepares=True)
        horizon, transaction, sequence, _is_known, epoch, former, begins_at = row
        return cls(Position(transaction, sequence, epoch), Position(horizon, 0, epoch), former, begins_at)

    def check(self, after: Position) -> None:
        """Raise FeedExpired, or of its kinds the one that says why nobody can go on after a position.

        A position without an epoch is good if its number was first given out in this one.
        """
        is_known = after.epoch in {None, self.horizon.epoch, *self.former}
        if not is_known and (after.epoch or after.transaction < self.begins_at):
            raise FeedRestored(after)
        if after.epoch is not None and after > self.horizon:
            raise FeedAhead(after)
        if after < self.start:
            raise FeedExpired(after)


@dataclass(frozen=True, slots=True)
class Page:
    """Changes as JSON texts, the position to go on from, and whether there is more already."""

    texts: list[str]
    position: Position
    has_more: bool


class FeedExpired(Exception):
    """The position is older than what the feed still has."""


class FeedRestored(FeedExpired):
    """The position was given out before the database was restored, or lost its last changes."""


class FeedAhead(FeedExpired):
    """The position is one that the feed has not come to yet."""


def read(
    *,
    user: User,
    kinds: Sequence[type[Record]],
    shape: Shape,
    after: Position,
    limit: int,
    narrow: Callable[[QuerySet[Any, Any]], QuerySet[Any, Any]] | None = None,
) -> Page:
    """Return the next changes of these kinds that `user` may see; raise FeedExpired where some are gone or were lost.

    A page that is not full ends at the horizon, so that a reader who waits never falls behind what is pruned.
    """
    state = State.now()
    state.check(after)

    def select(caller: Any) -> Any:
        changes = Change.objects.visible_to(caller, kinds).filter(transaction__lt=Parameter("horizon"))
        place = (Parameter("transaction"), Parameter("sequence"))
        changes = changes.after(*place).if_kept_since(*place)
        chosen: Any = narrow(changes) if narrow else changes
        return chosen.in_order().values_list(RowJSON(shape, caller), "transaction", "sequence")[: limit + 1]

    epoch = state.horizon.epoch
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
        return Page(
            [row[0] for row in rows[:limit]], Position(rows[limit - 1][1], rows[limit - 1][2], epoch), has_more=True
        )
    if not rows:  # perhaps because some went after the state was asked for
        State.now().check(after)
    end = max(after, state.horizon)
    return Page([row[0] for row in rows], replace(end, epoch=epoch), has_more=False)


def position_at(moment: datetime) -> Position:
    """Return the position before the first change at or after a moment; the horizon where there is none yet."""
    first = Change.objects.filter(at__gte=moment).aggregate(first=Min("transaction"))["first"]
    horizon = State.now().horizon
    return horizon if first is None else min(horizon, Position(first, 0, horizon.epoch))
