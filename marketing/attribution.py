"""To which campaigns a deal is owed: to the first, the last, or in equal parts to all that touched the customer.

Who sells tells of the deals: sales registers where they are in `AppConfig.ready`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from crm.models import User

CENT: Final = Decimal("0.01")


class Touch(StrEnum):
    """Which campaigns count."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"


@dataclass(frozen=True)
class Deal:
    """What a deal is worth in the reporting currency, and the campaigns that touched the customer, in order of time."""

    amount: Decimal
    is_won: bool
    touches: tuple[UUID, ...] = ()


class Selling(Protocol):
    """What tells of deals and leads, as far as somebody may see them."""

    def deals(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Deal]:
        """Return the deals won in a period, and those that are open."""

    def leads(self, user: User) -> Mapping[UUID, int]:
        """Return how many leads each campaign brought."""

    def worth(self, amount: Decimal, currency: str, on: datetime.date) -> Decimal | None:
        """Return an amount in the reporting currency; None where no rate is known."""


@dataclass
class Owed:
    """What is owed to a campaign, or to none."""

    won: Decimal = field(default_factory=Decimal)
    pipeline: Decimal = field(default_factory=Decimal)


_selling: list[Selling] = []


def register(selling: Selling) -> None:
    """Say who tells of deals and leads."""
    _selling.append(selling)


def registered() -> list[Selling]:
    """Return who does."""
    return list(_selling)


def split(amount: Decimal, touches: tuple[UUID, ...], touch: Touch) -> list[tuple[UUID | None, Decimal]]:
    """Return the parts of an amount that campaigns are owed; to the cent, they are the amount together.

    In equal parts, the first get one cent more where cents are left over. Without a touch all is owed to none.
    """
    if not touches:
        return [(None, amount)]
    if touch is Touch.FIRST:
        return [(touches[0], amount)]
    if touch is Touch.LAST:
        return [(touches[-1], amount)]
    part, left = divmod(int(amount / CENT), len(touches))
    return [(one, (part + (place < left)) * CENT) for place, one in enumerate(touches)]


def owed(deals: Iterable[Deal], touch: Touch) -> dict[UUID | None, Owed]:
    """Return what each campaign is owed; together it is what all deals are worth, to the cent."""
    found: dict[UUID | None, Owed] = {}
    for deal in deals:
        for campaign, amount in split(deal.amount, deal.touches, touch):
            one = found.setdefault(campaign, Owed())
            if deal.is_won:
                one.won += amount
            else:
                one.pipeline += amount
    return found
