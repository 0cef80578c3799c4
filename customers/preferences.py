"""The link by which a customer reaches their preferences page: signed, so that nobody can make one up."""

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
    known = Customer.objects.filter(erased_at__isnull=True)
    customer: Customer | None = known.filter(pk=UUID(key), preferences_version=version).first()
    customer = customer or known.filter(pk=successor(UUID(key), version)).first()
    if customer is None:
        raise LinkUnknown
    return customer


def successor(key: UUID, version: int) -> UUID | None:
    """Return who a merged customer is part of, if the link worked when they were merged: old messages have it."""
    merged = Change.objects.filter(record=key, model=Customer.label(), action=Change.Action.MERGED)
    last = merged.order_by("-sequence").values_list("before__preferences_version", flat=True).first()
    return Merge.objects.successor(Customer, key) if last == version else None
