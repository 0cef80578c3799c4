"""What became of a campaign: how many came how far, which links they followed, and which subject did better."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDay, TruncHour
from django.utils import timezone

from crm.reports.figures import percent
from customers.models import Customer
from marketing.mail.messages import subject_of
from marketing.models import CampaignMember, Click
from marketing.returns import returns_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from decimal import Decimal

    from crm.models import User
    from marketing.models import Campaign

BACK: Final = Q(bounced_at__isnull=False)
OUT: Final = Q(sent_at__isnull=False)
# Who came further came so far, too: a click without a noted opening is an opening. What the mail server refused, as it
# knew no such address, was sent and came back.
STEPS: Final[Mapping[str, Q]] = {
    "members": Q(),
    "sent": OUT | BACK,
    "delivered": OUT & ~BACK,
    "opened": Q(opened_at__isnull=False) | Q(clicked_at__isnull=False) | Q(replied_at__isnull=False),
    "clicked": Q(clicked_at__isnull=False),
    "replied": Q(replied_at__isnull=False),
    "unconfirmed": Q(state=CampaignMember.State.SENT_UNCONFIRMED),
    "bounced": BACK,
    "unsubscribed": Q(unsubscribed_at__isnull=False),
    "complained": Q(complained_at__isnull=False),
}
# Of what each step is a part, in percent.
PARTS: Final[Mapping[str, str]] = {
    "sent": "members",
    "delivered": "sent",
    "bounced": "sent",
    **dict.fromkeys(("opened", "clicked", "replied", "unsubscribed", "complained"), "delivered"),
}
MOST_LINKS: Final = 100
BY_HOUR: Final = timedelta(days=2)
MOST_DAYS: Final = 30


def counts(*names: str) -> dict[str, Count]:
    """Return the expressions that count how many members came to these steps, or to each; they begin with `n_`."""
    return {f"n_{name}": Count("id", filter=STEPS[name]) for name in names or STEPS}


def rates(came: Mapping[str, int]) -> dict[str, Decimal | None]:
    """Return the steps as parts of the one before which they are compared, in percent; None of nothing."""
    found = {name: percent(came[name], came[whole]) for name, whole in PARTS.items()}
    return found | {"clicked_of_opened": percent(came["clicked"], came["opened"])}


def members_of(campaign: Campaign, reader: User) -> Any:
    """Return the members of a campaign whom a reader sees."""
    return CampaignMember.objects.of(campaign).visible_to(reader).order_by()


def funnel(campaign: Campaign, reader: User) -> dict[str, int]:
    """Return how many members came how far."""
    found = members_of(campaign, reader).aggregate(**counts())
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


def variants(campaign: Campaign, reader: User) -> list[dict[str, Any]]:
    """Return the two subjects side by side, where there are two."""
    if not campaign.subject_b or campaign.template is None:
        return []
    rows = members_of(campaign, reader).filter(variant__in=["a", "b"]).values("variant").annotate(**counts())
    found = {row["variant"]: row for row in rows}
    return [variant(campaign, name, found.get(name, {})) for name in ("a", "b")]


def variant(campaign: Campaign, name: str, row: Mapping[str, int]) -> dict[str, Any]:
    """Return what became of the messages with one subject."""
    came = {step: row.get(f"n_{step}", 0) for step in STEPS}
    of_it = {step: came[step] for step in ("members", "sent", "delivered", "opened", "clicked")}
    known = {"variant": name, "subject": subject_of(campaign, name), "is_winner": campaign.winner == name}
    shares = rates(came)
    return {**known, **of_it, "open_rate": shares["opened"], "click_rate": shares["clicked"]}


def course(campaign: Campaign, reader: User) -> list[dict[str, Any]]:
    """Return how many first opened and first clicked when: by the hour for two days, then by the day for a month."""
    if campaign.started_at is None:
        return []
    now = timezone.now()
    is_young = now - campaign.started_at <= BY_HOUR
    step = timedelta(hours=1) if is_young else timedelta(days=1)
    known = {
        name: moments(campaign, reader, name, TruncHour if is_young else TruncDay) for name in ("opened", "clicked")
    }
    first = timezone.localtime(campaign.started_at).replace(minute=0, second=0, microsecond=0)
    first = first if is_young else first.replace(hour=0)
    number = min(int((now - first) / step) + 1, MOST_DAYS if not is_young else int(BY_HOUR / step) + 1)
    times = [first + place * step for place in range(number)]
    return [{"at": at, **{name: known[name].get(at, 0) for name in known}} for at in times]


def moments(
    campaign: Campaign, reader: User, name: str, unit: type[TruncHour | TruncDay]
) -> dict[datetime.datetime, int]:
    """Return how many came to a step for the first time in each hour or day."""
    rows = members_of(campaign, reader).filter(**{f"{name}_at__isnull": False})
    return dict(rows.values_list(unit(f"{name}_at")).annotate(number=Count("id")))


def results_of(campaign: Campaign, reader: User) -> dict[str, Any]:
    """Return all figures of a campaign, of the customers whom a reader sees."""
    came = funnel(campaign, reader)
    return {
        "members": came["members"],
        "states": counted(campaign, reader, "state"),
        "reasons": counted(campaign, reader, "reason"),
        "funnel": {name: number for name, number in came.items() if name != "members"},
        "rates": rates(came),
        "links": links_followed(campaign, reader),
        "variants": variants(campaign, reader),
        "course": course(campaign, reader),
        "returns": returns_of(campaign, reader),
    }
