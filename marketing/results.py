"""What became of a campaign: how many came how far, and which links they followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, F, Q, Sum

from customers.models import Customer
from marketing.models import CampaignMember, Click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crm.models import User
    from marketing.models import Campaign

# Who came further came so far, too: a click without a noted opening is an opening.
STEPS: Final[Mapping[str, Q]] = {
    "members": Q(),
    "sent": Q(sent_at__isnull=False),
    "delivered": Q(sent_at__isnull=False, bounced_at__isnull=True),
    "opened": Q(opened_at__isnull=False) | Q(clicked_at__isnull=False) | Q(replied_at__isnull=False),
    "clicked": Q(clicked_at__isnull=False),
    "unconfirmed": Q(state=CampaignMember.State.SENT_UNCONFIRMED),
    "replied": Q(replied_at__isnull=False),
    "bounced": Q(bounced_at__isnull=False),
    "unsubscribed": Q(unsubscribed_at__isnull=False),
    "complained": Q(complained_at__isnull=False),
}
MOST_LINKS: Final = 100


def members_of(campaign: Campaign, reader: User) -> Any:
    """Return the members of a campaign whom a reader sees."""
    return CampaignMember.objects.of(campaign).visible_to(reader).order_by()


def funnel(campaign: Campaign, reader: User) -> dict[str, int]:
    """Return how many members came how far."""
    counts = {f"n_{name}": Count("id", filter=condition) for name, condition in STEPS.items()}
    found = members_of(campaign, reader).aggregate(**counts)
    return {name: found[f"n_{name}"] for name in STEPS}


def counted(campaign: Campaign, reader: User, name: str) -> dict[str, int]:
    """Return how many members have each value of a field."""
    rows = members_of(campaign, reader).values_list(name).annotate(number=Count("id"))
    return {value: number for value, number in rows.order_by(name) if value}


def links_followed(campaign: Campaign, reader: User) -> list[dict[str, Any]]:
    """Return how often each link was followed, and by how many customers, most first."""
    seen = Customer.objects.visible_to(reader).values("pk")
    rows = Click.objects.filter(campaign=campaign, customer__in=seen).values("url")
    found = rows.annotate(clicks=Sum("count"), customers=Count("customer", distinct=True))
    return [dict(one) for one in found.order_by(F("clicks").desc(), "url")[:MOST_LINKS]]


def results_of(campaign: Campaign, reader: User) -> dict[str, Any]:
    """Return all figures of a campaign, of the customers whom a reader sees."""
    came = funnel(campaign, reader)
    return {
        "members": came["members"],
        "states": counted(campaign, reader, "state"),
        "reasons": counted(campaign, reader, "reason"),
        "funnel": {name: number for name, number in came.items() if name != "members"},
        "links": links_followed(campaign, reader),
    }
