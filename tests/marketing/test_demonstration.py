"""The demonstration has campaigns that are worth looking at."""

from __future__ import annotations

import pytest

from crm.models import User
from crm.reports.reports import REPORTS
from marketing.models import Campaign, CampaignMember, Click
from marketing.results import results_of
from tests.demonstration import data, demo_data, made

__all__ = ["data", "made"]
pytestmark = pytest.mark.django_db


def test_campaigns_were_sent_wait_and_are_being_written(data: None) -> None:
    states = dict(Campaign.objects.order_by().values_list("name", "status"))
    assert sorted(states.values()) == ["draft", "scheduled", "sent", "sent"]
    queued = {CampaignMember.State.QUEUED, CampaignMember.State.SENDING, CampaignMember.State.SENT}
    assert set(CampaignMember.objects.values_list("state", flat=True)) == set(CampaignMember.State) - queued
    admin = User.objects.get(username="admin")
    found = results_of(Campaign.objects.get(utm_campaign="spring"), admin)
    assert all(found["returns"][name] > 0 for name in ("leads", "deals", "won", "cost_per_lead"))
    assert [one["is_winner"] for one in found["variants"]] == [False, True]
    assert len(found["links"]) == 3
    rows = [row for row in REPORTS["campaign-results"].rows(admin, {}) if row["campaign_id"]]
    assert all(row["won"] > 0 for row in rows)
    demo_data("--remove")
    assert [model.objects.count() for model in (Campaign, CampaignMember, Click)] == [0, 0, 0]
