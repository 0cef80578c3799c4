"""When a message may leave: at the recipient's time of day, and not in quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

if TYPE_CHECKING:
    from datetime import tzinfo

    from customers.models import Customer
    from marketing.models import Campaign


def zone_of(campaign: Campaign, customer: Customer) -> tzinfo:
    """Return the time zone that counts for a recipient: their own where it is known and wanted, else the company's."""
    if campaign.uses_local_time and customer.time_zone:
        try:
            return ZoneInfo(customer.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            pass
    return timezone.get_default_timezone()


def earliest(campaign: Campaign, customer: Customer, now: datetime) -> datetime | None:
    """Return until when a message waits; None where it may leave now."""
    zone = zone_of(campaign, customer)
    due = now
    if campaign.scheduled_at is not None:
        planned = campaign.scheduled_at.astimezone(timezone.get_default_timezone())
        due = max(due, planned.replace(tzinfo=zone))
    due = after_quiet_hours(campaign, due.astimezone(zone))
    return due if due > now else None


def after_quiet_hours(campaign: Campaign, local: datetime) -> datetime:
    """Return the moment itself, or the end of the quiet hours that it is in."""
    begins, ends = campaign.quiet_from, campaign.quiet_until
    if begins is None or ends is None:
        return local
    time = local.time()
    is_quiet = begins <= time < ends if begins < ends else time >= begins or time < ends
    if not is_quiet:
        return local
    day = local.date() + timedelta(days=1) if time >= ends else local.date()
    # Where clocks go back, an hour comes twice: in the second one, the end of the first is over.
    return datetime.combine(day, ends.replace(fold=local.fold), tzinfo=local.tzinfo)
