"""What receivers share: planning, writing and answering for the rows that the engine gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.db import transaction

from crm.sync.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crm.models import Record, Team, User
    from crm.sync.registry import Part
    from crm.sync.rows import Row
    from crm.sync.upsert import Outcome


class Rows(TypedDict):
    """What a receiver is given: rows, whose ids they use, for whom, and what a preview has made so far."""

    rows: Sequence[Row]
    system: str
    by: User | None
    team: Team | None
    preview: dict[Any, Record] | None


@transaction.atomic
def bring_up(
    parts: Mapping[str, Part],
    given: Rows,
    complete: Callable[[Upsert], None] = lambda _upsert: None,
    follow: Callable[[Upsert], None] = lambda _upsert: None,
) -> list[Outcome]:
    """Bring records up to what an ERP says, and say what became of each row.

    `complete` finishes the plan before it is written, `follow` comes after that. Records that are new belong to the
    team, or to that of `by`, and to nobody; what does not differ is not touched. In a preview nothing is written.
    """
    team = given["team"] or (given["by"].team if given["by"] else None)
    upsert = Upsert(rows=given["rows"], parts=parts, system=given["system"], team=team, preview=given["preview"])
    upsert.plan()
    complete(upsert)
    upsert.write()
    if given["preview"] is None:
        follow(upsert)
    return upsert.outcomes()
