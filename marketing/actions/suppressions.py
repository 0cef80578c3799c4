"""Verbs on addresses to which nothing more is sent."""

from __future__ import annotations

from django.db import transaction

from marketing.models import Suppression, digest_of, normalised

LONGEST_DETAIL = 500


@transaction.atomic
def suppress_address(*, address: str, reason: str, detail: str = "") -> Suppression | None:
    """Send nothing more to an address; one that is suppressed already keeps its first reason. None for no address."""
    if not address:
        return None
    values = {"address": normalised(address), "reason": reason, "detail": detail[:LONGEST_DETAIL]}
    found, _is_new = Suppression.objects.get_or_create(digest=digest_of(address), defaults=values)
    return found
