"""What a campaign did to a customer stands on the customer's timeline, moment by moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from marketing import actions
from marketing.models import CampaignMember
from tests.samples import make
from tests.staff import signed_in

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db
SCOPES = ("customers:read", "marketing:read", "changes:read")


@pytest.fixture
def member(campaign: Campaign, recipient: Any) -> CampaignMember:
    """Return a member whose message was sent, opened and clicked, in this order."""
    moments = {"sent_at": "2026-01-01T10:00:00Z", "opened_at": "2026-01-02T10:00:00Z"}
    made = make(CampaignMember, campaign=campaign, customer=recipient("Ada"), state="opened", **moments)
    actions.note_outcome(member=made.pk, state="clicked")
    found: CampaignMember = CampaignMember.objects.get(pk=made.pk)
    return found


def entries(client: Any, member: CampaignMember, **asked: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/customers/{member.customer_id}/timeline", asked)
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_each_moment_of_a_message_is_an_entry(api_client: Any, marketer: Any, member: CampaignMember) -> None:
    found = entries(api_client(marketer, *SCOPES), member, kind="campaign-members")
    assert [one["event"] for one in found] == ["clicked_at", "opened_at", "sent_at"]
    assert [one["at"][:16] for one in found[1:]] == ["2026-01-02T10:00", "2026-01-01T10:00"]
    assert {one["record"]["id"] for one in found} == {str(member.pk)}


def test_the_change_of_a_member_is_not_told_of_twice(api_client: Any, marketer: Any, member: CampaignMember) -> None:
    found = entries(api_client(marketer, *SCOPES), member)
    told = {one["record"]["resource"] for one in found if one["kind"] == "changes"}
    assert told == {"customers"}
    assert [one["kind"] for one in found].count("campaign-members") == 3


def test_pages_follow_one_another_between_moments(api_client: Any, marketer: Any, member: CampaignMember) -> None:
    client = api_client(marketer, *SCOPES)
    address = f"/api/v1/customers/{member.customer_id}/timeline?kind=campaign-members&limit=1"
    seen = []
    while address:
        body = client.get(address).json()
        seen += [one["event"] for one in body["results"]]
        address = body["next"]
    assert seen == ["clicked_at", "opened_at", "sent_at"]


def test_the_staff_site_shows_them(marketer: Any, member: CampaignMember) -> None:
    actions.note_bounce(member=member.pk, is_permanent=True, detail="550 No such user")
    page = signed_in(marketer).get(f"/admin/customers/customer/{member.customer_id}/timeline/").content.decode()
    for text in ("campaign sent", "campaign opened", "campaign followed", "campaign came back", "550 No such user"):
        assert text in page
