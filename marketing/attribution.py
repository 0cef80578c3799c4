"""To which campaigns a deal is owed: to the first, the last, or in equal parts to all that touched the customer.

Who sells tells of deals and leads: sales registers itself in `AppConfig.ready`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.db.models import QuerySet

    from crm.models import User


class Touch(StrEnum):
    """Which campaigns count."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"


@dataclass(frozen=True)
class Owed:
    """What is owed to a campaign, or to none, in the reporting currency."""

    won: Decimal = Decimal("0.00")
    pipeline: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class Brought:
    """How many leads a campaign brought, how many of them became deals, and how many of these were won."""

    leads: int = 0
    deals: int = 0
    won: int = 0


@dataclass(frozen=True)
class Owing:
    """What is owed by each way to count: to a campaign, or to none."""

    first: Owed = field(default_factory=Owed)
    last: Owed = field(default_factory=Owed)
    linear: Owed = field(default_factory=Owed)

    def by(self, touch: Touch) -> Owed:
        """Return what is owed by one way."""
        found: Owed = getattr(self, touch.value)
        return found


class Selling(Protocol):
    """What tells of deals and leads, as far as somebody may see them."""

    def is_shown_to(self, user: User) -> bool:
        """Tell whether somebody may see any deals and leads."""

    def owed(self, user: User, wanted: Mapping[str, Any]) -> Mapping[UUID | None, Owing]:
        """Return what campaigns are owed of the deals won in a period, `since` and `until`, and of those that are open.

        Together, and with what is owed to none, it is what these deals are worth, to the cent. With `campaigns`, only
        deals that one of them touched are looked at.
        """

    def brought(self, user: User) -> Mapping[UUID, Brought]:
        """Return what came of each campaign that brought any lead."""

    def costs(self, campaigns: QuerySet[Any]) -> Mapping[UUID, Decimal]:
        """Return what campaigns did cost in the reporting currency; without those of which that is not known."""


_selling: Final[list[Selling]] = []


def register(selling: Selling) -> None:
    """Say who tells of deals and leads."""
    _selling[:] = [selling]


def selling() -> Selling:
    """Return who does."""
    return _selling[0]
