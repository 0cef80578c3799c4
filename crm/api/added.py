"""Parameters that an application adds to a list of records below it; it says so in `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from crm.api.permissions import require_scope
from crm.api.schema import parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from crm.models import Record, User
    from crm.querysets import RecordQuerySet


@dataclass(frozen=True)
class Added:
    """A parameter: `narrow(rows, value, user)` keeps what it means, or raises ParameterError.

    A token needs `scope` to use it.
    """

    model: type[Record]
    name: str
    schema: dict[str, Any]
    help_text: Any
    scope: str
    narrow: Callable[[RecordQuerySet, str, User], RecordQuerySet]


_added: Final[list[Added]] = []


def register(one: Added) -> None:
    """Let a list take a parameter."""
    _added.append(one)


class WithAddedParameters:
    """A mixin for viewsets of records: their lists and exports take what other applications added."""

    model: Any
    request: Any

    def added(self) -> list[Added]:
        """Return the parameters that were added to this list."""
        return [one for one in _added if one.model is self.model]

    def more_parameters(self) -> tuple[str, ...]:
        """Add their names."""
        return (*super().more_parameters(), *(one.name for one in self.added()))  # type: ignore[misc]  # of the viewset

    def narrowed(self, queryset: RecordQuerySet) -> RecordQuerySet:
        """Apply those that were sent."""
        queryset = super().narrowed(queryset)  # type: ignore[misc]  # of the viewset
        for one in self.added():
            if one.name in self.request.query_params:
                require_scope(self.request, one.scope)
                queryset = one.narrow(queryset, self.request.query_params[one.name], self.request.user)
        return queryset

    def list_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of the list as the document has them."""
        return [*super().list_parameters(), *self.described()]  # type: ignore[misc]  # of the viewset

    def export_parameters(self) -> list[dict[str, Any]]:
        """Return the parameters of an export as the document has them."""
        return [*super().export_parameters(), *self.described()]  # type: ignore[misc]  # of the viewset

    def described(self) -> list[dict[str, Any]]:
        """Return those that were added as the document has them."""
        return [parameters.query(one.name, one.schema, one.help_text) for one in self.added()]
