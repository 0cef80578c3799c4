"""Leads belong to the campaign whose links brought them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from marketing.models import Campaign
from sales.actions import capture_answer
from tests.samples import make

if TYPE_CHECKING:
    from sales.models import Lead

pytestmark = pytest.mark.django_db


def captured(digest: str, **utm: str) -> Lead:
    """Capture what a visitor sent."""
    from sales.models import LeadForm

    form = LeadForm.objects.first() or make(LeadForm, purpose=None)
    lead = capture_answer(form=form, contact={"name": "Ada"}, digest=digest, utm=utm)
    assert lead is not None
    return lead


def test_a_lead_belongs_to_the_newest_campaign_of_its_utm_campaign() -> None:
    make(Campaign, utm_campaign="spring")
    newest = make(Campaign, utm_campaign="spring")
    make(Campaign, utm_campaign="")
    assert captured("1", utm_campaign="spring").campaign == newest
    assert captured("2", utm_campaign="autumn").campaign is None
    assert captured("3").campaign is None
