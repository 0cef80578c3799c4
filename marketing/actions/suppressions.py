"""Verbs on addresses to which nothing more is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from marketing.models import Suppression, digest_of, normalised

if TYPE_CHECKING:
    from marketing.models import CampaignMember

LONGEST_DETAIL = 500


@transaction.atomic
def suppress_address(*, address: str, reason: str, detail: str = "") -> Suppression | None:
    """Send nothing more to an address; one that is suppressed already keeps its first reason. None for no address."""
    if not address:
        return None
    values = {"address": normalised(address), "reason": reason, "detail": detail[:LONGEST_DETAIL]}
    found, _is_new = Suppression.objects.get_or_create(digest=digest_of(address), defaults=values)
    return found


@transaction.atomic
def suppress_address_of(*, member: CampaignMember, reason: str, detail: str = "") -> Suppression | None:
    """Send nothing more to the address that a member's message went to, whatever the customer's address is by now."""
    address = member.customer.email
    if member.address_digest in {"", digest_of(address)}:
        return suppress_address(address=address, reason=reason, detail=detail)
    values = {"reason": reason, "detail": detail[:LONGEST_DETAIL]}
    found, _is_new = Suppression.objects.get_or_create(digest=member.address_digest, defaults=values)
    return found
