"""What was sent stays sent: by no door does a campaign go back, nor become another once it has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from crm.changes.actions import SetByVerbs, restore_fields
from crm.models import Change
from marketing import actions
from marketing.models import Campaign, Segment

if TYPE_CHECKING:
    from crm.models import Record

pytestmark = pytest.mark.django_db


def change_of(record: Record, field: str) -> Change:
    """Return the newest change of a field of a record."""
    found: Any = Change.objects.filter(record=record.pk, action="updated", after__has_key=field)
    return found.order_by("-sequence").first()  # type: ignore[no-any-return]


def test_history_thaws_no_frozen_segment(campaign: Campaign) -> None:
    segment: Any = campaign.segment
    segment = actions.freeze_segment(segment=segment)
    with pytest.raises(SetByVerbs):
        restore_fields(record=segment, change=change_of(segment, "kind"))
    assert Segment.objects.get(pk=segment.pk).kind == "frozen"


@pytest.mark.parametrize(
    "changed", [{"kind": "sms"}, {"segment": None}, {"template": None}, {"purpose": None}, {"subject_b": "Other"}]
)
def test_a_campaign_that_began_becomes_no_other(
    campaign: Campaign, marketer: Any, api_client: Any, recipient: Any, changed: dict[str, Any]
) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    client = api_client(marketer, "marketing:read", "marketing:write")
    path = f"/api/v1/campaigns/{campaign.pk}"
    (name,) = changed
    before = client.get(path).json()[name]
    answer = client.patch(path, changed)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "begun")
    assert client.get(path).json()[name] == before
    assert client.patch(path, {"per_second": 3}).json()["per_second"] == 3


def test_a_campaign_that_was_read_before_it_began_is_not_written_back(campaign: Campaign) -> None:
    stale = Campaign.objects.get(pk=campaign.pk)
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    stale.name = "Other"
    with pytest.raises(IntegrityError, match="does not go back"), transaction.atomic():
        stale.save()
    campaign.refresh_from_db()
    assert (campaign.name, campaign.status) == ("Spring", "sending")
