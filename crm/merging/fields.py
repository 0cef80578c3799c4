"""Which values the one record has that two become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crm.merging.rows import CUSTOM
from crm.models.tags import MOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import Record

WINNER: Final = "winner"
LOSER: Final = "loser"
BESIDES: Final = frozenset({"custom", "tags", "updated_at"})
EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


class NoSuchChoice(Exception):
    """Values were chosen for fields that a merge does not know."""

    def __init__(self, names: set[str]) -> None:
        """Take the names."""
        super().__init__(names)
        self.names = sorted(names)


def choosable(model: type[Record]) -> list[Any]:
    """Return the fields whose value is chosen, in the order of the model."""
    columns = model._meta.concrete_fields
    return [one for one in columns if one.editable and not one.generated and one.name not in BESIDES]


def merged(winner: Record, loser: Record, chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the one record: the winner's unless empty, or whichever was chosen; the tags of both.

    `chosen` says `winner` or `loser` by name of a field, of custom fields by `custom.name`. Raises NoSuchChoice.
    """
    fields = {one.name: one for one in choosable(type(winner))}
    custom = {f"{CUSTOM}{name}" for name in winner.custom | loser.custom}
    if unknown := chosen.keys() - fields.keys() - custom:
        raise NoSuchChoice(unknown)
    values = {
        one.attname: getattr(source(winner, loser, one.attname, chosen.get(name, "")), one.attname)
        for name, one in fields.items()
    }
    values["tags"] = union(winner.tags, loser.tags)
    values["custom"] = merged_custom(winner.custom, loser.custom, chosen)
    return {name: None if is_either(value, winner, loser) else value for name, value in values.items()}


def is_either(value: Any, winner: Record, loser: Record) -> bool:
    """Tell whether a value refers to one of the two, which would be to itself."""
    return isinstance(value, UUID) and value in {winner.pk, loser.pk}


def union(first: list[str], second: list[str]) -> list[str]:
    """Return the tags of both, each once; as many as a record may have."""
    return list(dict.fromkeys([*first, *second]))[:MOST]


def merged_custom(winner: dict[str, Any], loser: dict[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of custom fields, each by the same rule."""
    values = {}
    for name in loser | winner:
        usual = winner if name in winner else loser
        origin = {WINNER: winner, LOSER: loser}.get(chosen.get(f"{CUSTOM}{name}", ""), usual)
        if name in origin:
            values[name] = origin[name]
    return values


def source(winner: Record, loser: Record, name: str, choice: str) -> Record:
    """Return the record whose value counts."""
    if choice:
        return loser if choice == LOSER else winner
    return loser if getattr(winner, name) in EMPTY else winner
