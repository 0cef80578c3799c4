"""What can be asked of customers besides the parameters of their list; applications say so in `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from django.db.models import Model, Q

    from crm.models import User

type Parameters = Callable[[Mapping[str, str], User | None], Q]
TEXT, DATE, NUMBER, CHOICE = "text", "date", "number", "choice"


@dataclass(frozen=True)
class Condition:
    """A parameter about customers: `read` returns what its value means, or raises ValidationError.

    What it means must be true or false for every customer, never null: an `Exists`, or `pk__in`. Whoever may see none
    of `model` does not know the condition. `choices` are the values that the builder offers.
    """

    name: str
    label: Any
    read: Callable[[str], Q]
    model: type[Model]
    input: str = TEXT
    choices: Callable[[], Iterable[tuple[str, Any]]] | None = None

    def is_known_to(self, user: User | None) -> bool:
        """Tell whether somebody may ask it; None asks for all."""
        from crm.models import Record

        return user is None or not issubclass(self.model, Record) or user.view_level(self.model) is not None


_conditions: Final[dict[str, Condition]] = {}
_parameters: Final[list[Parameters]] = []


def register(condition: Condition) -> None:
    """Let segments ask something of customers."""
    _conditions[condition.name] = condition


def read_parameters_by(reads: Parameters) -> None:
    """Name the function that reads the parameters of the list of customers, which models know nothing of."""
    _parameters[:] = [reads]


def listed(user: User | None) -> dict[str, Condition]:
    """Return what `user` may ask, by name."""
    return {name: one for name, one in _conditions.items() if one.is_known_to(user)}


def parameters(wanted: Mapping[str, str], reader: User | None) -> Q:
    """Return what parameters of the list of customers mean; raise ValidationError by name."""
    return _parameters[0](wanted, reader)
