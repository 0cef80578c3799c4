"""What a batch is made of: things to do, what they are done to, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from crm import bulk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rest_framework.exceptions import APIException

type Operation = Literal["create", "update", "upsert", "delete"]
type Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do: to the record with this id, name elsewhere, or value of a key; or to a new one."""

    operation: Operation
    data: Any = None
    id: UUID | None = None
    name: Name | None = None
    key: str = ""
    version: str = ""


@dataclass(slots=True)
class Result:
    """What became of an item: an HTTP status, the record, and why not."""

    status: int
    id: UUID | None = None
    refusal: APIException | None = None
    is_changed: bool = True


@dataclass(slots=True)
class Target:
    """A record that items speak of, as it will be."""

    record: Any
    version: str = ""
    is_new: bool = False
    is_gone: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    names: list[Name] | None = None
    names_before: set[Name] = field(default_factory=set)

    def changed(self) -> set[str]:
        """Return the columns that differ from what is stored."""
        after = bulk.values_of(self.record)
        return {name for name, value in after.items() if value != self.before.get(name)}


def names_in(attrs: Mapping[str, Any]) -> list[Name] | None:
    """Return the names that a record is given; None where the data do not say."""
    given = attrs.get("external_references")
    return None if given is None else [(one["system"], one["external_id"]) for one in given]
