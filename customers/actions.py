"""Verbs on customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack, cast

from django.db import transaction
from django.utils import timezone

from crm.sync.registry import Part
from crm.sync.upsert import Upsert
from customers.models import Address, Customer, Duplicate, Interaction

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from crm.models import Record, Team, User
    from crm.sync.rows import Row
    from crm.sync.upsert import Outcome

ERP_PARTS: Final[Mapping[str, Part]] = {
    "organization": Part(Customer, fixed={"kind": Customer.Kind.ORGANIZATION}),
    "person": Part(Customer, fixed={"kind": Customer.Kind.PERSON}, links={"organization": ("organization",)}),
    "address": Part(Address, links={"customer": ("organization", "person")}),
}


class InteractionDetails(TypedDict, total=False):
    """What else may be said of an interaction."""

    direction: str
    occurred_at: datetime.datetime
    duration: int | None
    body: str


@transaction.atomic
def log_interaction(
    *, customer: Customer, by: User, kind: str, subject: str, **details: Unpack[InteractionDetails]
) -> Interaction:
    """Record a contact with a customer as the work of `by` and their team; `duration` is in seconds.

    Raises ValidationError where a value is not allowed.
    """
    interaction = Interaction(customer=customer, user=by, owner=by, team=by.team, kind=kind, subject=subject, **details)
    interaction.full_clean(exclude=["customer", "user", "owner", "team"])
    interaction.save()
    return interaction


@transaction.atomic
def dismiss_duplicate(*, duplicate: Duplicate, by: User) -> None:
    """Note that `by` knows two customers to be two; who said so first is remembered."""
    standing = Duplicate.objects.standing().filter(pk=duplicate.pk)
    standing.update(dismissed_at=timezone.now(), dismissed_by=by)


@transaction.atomic
def upsert_customers(
    *,
    rows: Sequence[Row],
    system: str,
    by: User | None = None,
    team: Team | None = None,
    preview: dict[Any, Record] | None = None,
) -> list[Outcome]:
    """Bring organizations, people and addresses up to what `system` says, and say what became of each row.

    Records that are new belong to `team`, or to the team of `by`, and to nobody; what does not differ is not
    touched. With `preview`, kept from call to call, nothing is written.
    """
    team = team or (by.team if by else None)
    upsert = Upsert(rows=rows, parts=ERP_PARTS, system=system, team=team, preview=preview)
    upsert.plan()
    _leave_primary_addresses(upsert)
    upsert.write()
    return upsert.outcomes()


def _leave_primary_addresses(upsert: Upsert) -> None:
    """Let a customer keep the primary address that colleagues chose before the ERP named one."""
    targets = [target for target in upsert.of_part("address") if target.is_new or "is_primary" in target.changes]
    addresses = {target.pk: cast("Address", target.record) for target in targets}
    targets = [target for target in targets if addresses[target.pk].is_primary]
    chosen = Address.objects.filter(
        customer__in={address.customer_id for address in addresses.values()}, is_primary=True
    ).exclude(pk__in=addresses)
    taken = set(chosen.values_list("customer_id", flat=True)) if addresses else set()
    for target in targets:
        address = addresses[target.pk]
        if address.customer_id in taken:
            address.is_primary = False
            target.changes.pop("is_primary", None)
        taken.add(address.customer_id)
