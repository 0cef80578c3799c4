"""Sources: each module here holds one, in a class named `Connector`; the module's name is the connector's name."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crm.sync.mapping import ResourceMapping
    from crm.sync.rows import Item, Position


class Source(ABC):
    """Reads the rows of one resource; `expected` estimates how many, once it is known."""

    expected: int | None = None

    def __init__(self, resource: ResourceMapping, options: Mapping[str, Any], *, is_preview: bool) -> None:
        """Take the mapping's options, overridden by the command's; raise MappingRefused where they are wrong.

        A preview leaves the source as it was.
        """
        self.resource = resource
        self.options = options
        self.is_preview = is_preview

    @abstractmethod
    def read(self, position: Position) -> Iterator[Item]:
        """Yield what comes after `position`, as it was committed with the last row or mark; empty: everything."""


def connectors() -> list[str]:
    """Return the names of all connectors."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def connector(name: str) -> type[Source]:
    """Return the source of this name; raise KeyError if there is none."""
    if name not in connectors():
        raise KeyError(name)
    found: type[Source] = importlib.import_module(f"{__name__}.{name}").Connector
    return found
