"""The link by which a customer reaches their preferences page: signed, so that nobody can make one up.

Other links of a customer, to their tickets or to unsubscribe, name the same version and are revoked with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired
from django.urls import reverse
from django.utils import timezone

from crm import signing
from crm.models import Change, Merge
from customers.models import Customer

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

SALT: Final = "customers.preferences"


class LinkUnknown(Exception):
    """The link was never given out, or was revoked, or leads to nobody."""


class LinkExpired(Exception):
    """The link was given out too long ago."""


def link_for(customer: Customer) -> str:
    """Return the address of a customer's preferences page; it holds the customer's id and nothing else of theirs."""
    token = signing.dumps([customer.pk.hex, customer.preferences_version], salt=SALT)
    return f"{settings.BASE_URL}{reverse('preferences', args=(token,))}"


def expiry() -> datetime | None:
    """Return when a link that is made now stops working; None for never."""
    days = settings.PREFERENCES_LINK_DAYS
    return timezone.now() + timedelta(days=days) if days else None


def customer_of(token: str) -> Customer:
    """Return the customer whose link this is, unless they were erased; raise LinkUnknown or LinkExpired."""
    days = settings.PREFERENCES_LINK_DAYS
    try:
        key, version = signing.loads(token, salt=SALT, max_age=timedelta(days=days) if days else None)
    except SignatureExpired as error:
        raise LinkExpired from error
    except BadSignature as error:
        raise LinkUnknown from error
    customer = holder_of(UUID(key), version)
    if customer is None:
        raise LinkUnknown
    return customer


def holder_of(key: UUID, version: int) -> Customer | None:
    """Return whose links these are, who may be part of another customer by now; None where erased, or revoked since."""
    known = Customer.objects.filter(erased_at__isnull=True)
    own: Customer | None = known.filter(pk=key, preferences_version=version).first()
    return own or known.filter(pk=heir_of(key, version)).first()


def revoked_since(customer: UUID, moment: datetime) -> bool:
    """Tell whether links to a customer's pages were revoked after a moment."""
    return bool(revocations(customer).filter(at__gt=moment).exists())


def revocations(customer: UUID) -> QuerySet[Change]:
    """Return when links to a customer's pages were revoked, as far as the feed goes back."""
    changed = Change.objects.filter(record=customer, model=Customer.label(), action=Change.Action.UPDATED)
    return changed.filter(before__has_key="preferences_version")


def end_of(merged: UUID) -> tuple[int, int] | None:
    """Return where the feed says that a customer became part of another, and the version of its links then."""
    ends = Change.objects.filter(record=merged, model=Customer.label(), action=Change.Action.MERGED)
    return ends.order_by("-sequence").values_list("sequence", "before__preferences_version").first()


def revoked_as_one(loser: UUID, winner: UUID) -> bool:
    """Tell whether links to a customer's pages were revoked since another became part of it, or may have been."""
    last = end_of(loser)
    return last is None or revocations(winner).filter(sequence__gt=last[0]).exists()


def heir_of(key: UUID, version: int) -> UUID | None:
    """Return who a merged customer is part of, if the link worked when they were merged: old messages have it.

    It ends once the links of any that they became part of are revoked.
    """
    merged = key
    while (merge := Merge.objects.standing().of(Customer).filter(loser=merged).first()) is not None:
        last = end_of(merged)
        if last is None or (merged == key and last[1] != version):
            return None
        if revocations(merge.winner).filter(sequence__gt=last[0]).exists():
            return None
        merged = merge.winner
    return None if merged == key else merged
