"""What an application adds to a list of records below it in the staff site; it says so in `AppConfig.ready`."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from crm.models import Record

_filters: Final[dict[str, list[str]]] = defaultdict(list)
_actions: Final[dict[str, list[str]]] = defaultdict(list)


def add_filter(model: type[Record], path: str) -> None:
    """Let a list be narrowed by the filter at a dotted path."""
    _filters[model.label()].append(path)


def add_action(model: type[Record], path: str) -> None:
    """Let what is at a dotted path be done to rows that were chosen."""
    _actions[model.label()].append(path)


def filters_of(model: type[Record]) -> list[Any]:
    """Return the filters that were added to a list."""
    return [import_string(path) for path in _filters[model.label()]]


def actions_of(model: type[Record]) -> list[Any]:
    """Return what can be done to rows besides the list's own."""
    return [import_string(path) for path in _actions[model.label()]]
