"""Comparing two subjects: which is better, and when that is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from marketing.models import Campaign, CampaignMember

if TYPE_CHECKING:
    import datetime


@transaction.atomic
def choose_winner(*, campaign: Campaign, now: datetime.datetime | None = None) -> str:
    """Choose the subject that more recipients opened or clicked, once its time has come; return it, or nothing yet.

    Shares of those reached are compared; the first subject wins a draw.
    """
    found = Campaign.objects.select_for_update().filter(pk=campaign.pk).first()
    if found is None or not found.is_compared:
        return str(found.winner) if found is not None else ""
    tested = CampaignMember.objects.of(found).filter(variant__in=["a", "b"])
    if tested.filter(state__in=["queued", "sending"]).exists():
        return ""
    last = tested.aggregate(last=Max("sent_at"))["last"]
    if last is not None and (now or timezone.now()) < last + timedelta(hours=found.test_hours):
        return ""
    found.winner = _better(found)
    found.save(update_fields=["winner", "updated_at"])
    return str(found.winner)


def _better(campaign: Campaign) -> str:
    """Return the subject with the greater share of opens or clicks."""
    field = "opened_at" if campaign.winner_by == Campaign.Winner.OPENS else "clicked_at"
    reached = CampaignMember.objects.of(campaign).reached().filter(variant__in=["a", "b"])
    counted = reached.values("variant").annotate(
        all=Count("id"), hits=Count("id", filter=Q(**{f"{field}__isnull": False}))
    )
    shares = {row["variant"]: (row["hits"], row["all"]) for row in counted.order_by()}
    hits_a, all_a = shares.get("a", (0, 1))
    hits_b, all_b = shares.get("b", (0, 1))
    return "b" if hits_b * all_a > hits_a * all_b else "a"
