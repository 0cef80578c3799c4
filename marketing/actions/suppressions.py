"""Verbs on addresses to which nothing more is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from marketing.models import Suppression, digest_of, normalised

if TYPE_CHECKING:
    from marketing.models import CampaignMember

LONGEST_DETAIL = 500


@transaction.atomic
def suppress_address(*, address: str, reason: str, detail: str = "") -> Suppression | None:
    """Send nothing more to an address; None for no address.

    One that is suppressed already keeps its first reason, unless that was an unsubscription: whoever agreed again since
    is not suppressed by it, but is by a bounce.
    """
    if not address:
        return None
    values = {"address": normalised(address), "reason": reason, "detail": detail[:LONGEST_DETAIL]}
    found, is_new = Suppression.objects.get_or_create(digest=digest_of(address), defaults=values)
    unsubscribed = Suppression.Reason.UNSUBSCRIBE
    if not is_new and reason != unsubscribed:
        stronger = {"reason": reason, "detail": values["detail"], "created_at": timezone.now()}
        Suppression.objects.filter(pk=found.pk, reason=unsubscribed).update(**stronger)
        found.refresh_from_db()
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
