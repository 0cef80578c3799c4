"""Receivers: what applications do with the rows of a resource. Each registers its own in `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crm.models import Record, Team, User
    from crm.sync.rows import Row
    from crm.sync.upsert import Outcome


@dataclass(frozen=True)
class Part:
    """A kind of record that a row may produce.

    `fixed` are values that make it what it is; `links` name, by foreign key, the parts that it may point to, of
    which the first that the row has is taken.
    """

    model: type[Record]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def label(self) -> str:
        """Return the name of the kind of record in code."""
        return self.model.label()


class Receiver(Protocol):
    """Writes the rows of one resource: all of them and nothing else, or, as a preview, nothing.

    `parts` stand in the order in which they are written, what is pointed to first.
    """

    parts: Mapping[str, Part]

    def upsert(
        self, *, rows: Sequence[Row], system: str, by: User | None, team: Team | None, preview: dict[Any, Record] | None
    ) -> list[Outcome]:
        """Bring the records up to the rows and say of each row what became of it, in the same order."""


_paths: dict[str, str] = {}


def register(resource: str, path: str) -> None:
    """Let the receiver at the dotted `path` take the rows of `resource`; imported when first needed."""
    _paths[resource] = path


def resources() -> list[str]:
    """Return the names of all resources that have a receiver."""
    return sorted(_paths)


def receiver(resource: str) -> Receiver:
    """Return what takes the rows of `resource`; raise KeyError if nothing does."""
    found: Receiver = import_string(_paths[resource])
    return found
