"""What is noted of a member in hand, to the field: of nobody else, and of nobody who is in hand no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Task, new_id
from marketing import actions
from marketing.models import Campaign, CampaignMember, Suppression, Template, digest_of
from tests.marketing.test_sending import states
from tests.waiting import somebody_waits, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "451 " + "x" * 600
DAY = timedelta(days=1)
HOUR_AGO = pytest.approx(-3600, abs=25)


def within(minutes: int) -> Any:
    """Return what is so many minutes, in seconds, as a test measures it."""
    return pytest.approx(minutes * 60, abs=25)


NOW = within(0)
TOLD = {"detail": LONG[:500], "updated_at": NOW}
CANCELLED = {"state": "skipped", "reason": "cancelled", **TOLD}
REFUSED = {"state": "skipped", "reason": "refused", **TOLD}
QUEUED = {"state": "queued", **TOLD}
# Which note, how the campaign and the member stand, and what is written.
NOTES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("note_sent", {}, {}, {"state": "sent", "sent_at": NOW, "updated_at": NOW}),
    ("note_sent", {}, {"state": "sent_unconfirmed"}, {"state": "sent", "sent_at": NOW, "updated_at": NOW}),
    ("note_unconfirmed", {}, {}, {"state": "sent_unconfirmed", "sent_at": HOUR_AGO, **TOLD}),
    ("note_refused", {}, {}, REFUSED),
    ("note_unknown_address", {}, {}, {"state": "bounced", "bounced_at": NOW, **TOLD}),
    ("note_unsent", {}, {}, {**QUEUED, "due_at": within(5)}),
    ("note_unsent", {"started_at": 4 * DAY}, {}, {**QUEUED, "due_at": within(5)}),
    ("note_unsent", {"started_at": 6 * DAY}, {}, REFUSED),
    ("note_unsent", {"status": "cancelled"}, {}, CANCELLED),
    ("note_postponed", {}, {}, {**QUEUED, "due_at": within(2), "attempts": 1}),
    ("note_postponed", {}, {"attempts": 3}, {**QUEUED, "due_at": within(16), "attempts": 4}),
    ("note_postponed", {}, {"attempts": 4}, {**REFUSED, "attempts": 5}),
    ("note_postponed", {"status": "cancelled"}, {}, CANCELLED),
    ("note_sender_refused", {}, {}, QUEUED),
    ("note_sender_refused", {"status": "paused"}, {}, QUEUED),
    ("note_sender_refused", {"status": "cancelled"}, {}, CANCELLED),
]


def note(name: str, member: CampaignMember) -> None:
    """Note something of a member."""
    said: dict[str, Any] = {} if name == "note_sent" else {"detail": LONG}
    if name == "note_sender_refused":
        said["campaign"] = member.campaign
    getattr(actions, name)(member=member.pk, **said)


def another(campaign: Campaign) -> Campaign:
    """Return a second campaign like the first."""
    made = Campaign.objects.get(pk=campaign.pk)
    made.pk, made._state.adding = new_id(), True
    made.save()
    return made


def begun(*campaigns: Campaign) -> list[CampaignMember]:
    """Start campaigns, and take everybody in hand, an hour ago; return them in the order of their keys."""
    for campaign in campaigns:
        actions.start_campaign(campaign=campaign, by=campaign.owner)
        for member in CampaignMember.objects.of(campaign):
            assert actions.claim_member(campaign=campaign, member=member.pk) is not None
    before = timezone.now() - timedelta(hours=1)
    CampaignMember.objects.update(claimed_at=before, updated_at=before)
    return list(CampaignMember.objects.select_related("campaign").order_by("pk"))


def row(of: CampaignMember) -> dict[str, Any]:
    return dict(CampaignMember.objects.values().get(pk=of.pk))


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what has changed; of moments, in how many seconds from now they are."""
    now = timezone.now()
    changed = {name: value for name, value in after.items() if value != before[name]}
    return {key: (one - now).total_seconds() if isinstance(one, datetime) else one for key, one in changed.items()}


@pytest.mark.parametrize(("name", "of_campaign", "of_member", "expected"), NOTES)
def test_what_became_of_a_message_is_noted_of_its_member_alone(
    campaign: Campaign, recipient: Any, name: str, of_campaign: Any, of_member: Any, expected: dict[str, Any]
) -> None:
    recipient("Ada"), recipient("Bob")
    other, member = begun(campaign)
    ago = {key: timezone.now() - one if isinstance(one, timedelta) else one for key, one in of_campaign.items()}
    Campaign.objects.update(**ago, finished_at=timezone.now() if "status" in ago else None)
    CampaignMember.objects.filter(pk=member.pk).update(**of_member)
    before, others = row(member), row(other)
    note(name, member)
    assert difference(before, row(member)) == expected
    assert row(other) == others


@pytest.mark.parametrize(("microseconds", "state"), [(0, "queued"), (1, "skipped refused")])
def test_a_message_is_given_up_after_five_days_to_the_moment(
    campaign: Campaign, recipient: Any, monkeypatch: pytest.MonkeyPatch, microseconds: int, state: str
) -> None:
    recipient("Ada")
    (member,) = begun(campaign)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # nobody else meets the very microsecond
    Campaign.objects.update(started_at=now - 5 * DAY - timedelta(microseconds=microseconds))
    note("note_unsent", member)
    assert states(campaign) == {"Ada": state}


@pytest.mark.parametrize("state", ["queued", "delivered", "bounced", "skipped"])
def test_of_whom_nobody_has_in_hand_nothing_is_noted(campaign: Campaign, recipient: Any, state: str) -> None:
    recipient("Ada")
    (member,) = begun(campaign)
    reason = "refused" if state == "skipped" else ""
    CampaignMember.objects.update(state=state, reason=reason, sent_at=timezone.now(), bounced_at=timezone.now())
    before = row(member)
    for name in {name for name, *_rest in NOTES}:
        note(name, member)
    assert row(member) == before
    assert Campaign.objects.get().status == "sending"
    assert not Suppression.objects.exists()
    assert not Task.objects.exists()


def test_an_unknown_address_is_suppressed_once_with_what_the_server_said(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada"), recipient("Bob")
    _other, member = begun(campaign)
    for _number in range(2):
        note("note_unknown_address", member)
    found = Suppression.objects.get()
    assert (found.address, found.reason, found.detail[:4]) == (member.customer.email, "bounce", "451 ")


def test_who_was_in_hand_of_a_sender_that_died_is_marked_in_its_campaign_alone(
    campaign: Campaign, recipient: Any
) -> None:
    recipient("Ada"), recipient("Bob"), recipient("Cyd")
    members = begun(campaign, another(campaign))
    own = [one for one in members if one.campaign_id == campaign.pk]
    CampaignMember.objects.filter(pk=own[1].pk).update(state="queued")
    before = {one.pk: row(one) for one in members}
    assert actions.note_interrupted(campaign=campaign) == 2
    unsure = {"state": "sent_unconfirmed", "sent_at": HOUR_AGO, "updated_at": NOW}
    expected = {one.pk: unsure if one in (own[0], own[2]) else {} for one in members}
    assert {one.pk: difference(before[one.pk], row(one)) for one in members} == expected


def test_a_refused_sender_pauses_its_campaign_alone_and_is_told_of_once(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada"), recipient("Bob")
    other = another(campaign)
    members = begun(campaign, other)
    for member in members:
        if member.campaign_id == other.pk:
            note("note_sender_refused", member)
    statuses = dict(Campaign.objects.values_list("pk", "status"))
    assert statuses == {campaign.pk: "sending", other.pk: "paused"}
    assert Task.objects.values_list("about_id", "assignee").get() == (other.pk, campaign.owner_id)
    assert timezone.now() - Campaign.objects.get(pk=other.pk).updated_at < timedelta(seconds=25)


def test_who_is_taken_in_hand_is_who_was_asked_for(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada"), recipient("Bob")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    other, member = CampaignMember.objects.order_by("pk")
    before, others = row(member), row(other)
    claim = actions.claim_member(campaign=campaign, member=member.pk)
    address, known = member.customer.email, f"<{member.pk.hex}@shop.example>"
    taken = {"state": "sending", "message_id": known, "address_digest": digest_of(address)}
    assert claim is not None
    assert (claim.member, claim.message.to) == (member.pk, [address])
    assert difference(before, row(member)) == {**taken, "claimed_at": NOW, "updated_at": NOW}
    assert row(other) == others


def test_why_a_template_cannot_be_filled_in_is_kept_as_far_as_it_fits(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    Template.objects.update(text="{{ customer.name | " + "x" * 600 + " }}")
    campaign.refresh_from_db()
    member = CampaignMember.objects.get()
    assert actions.claim_member(campaign=campaign, member=member.pk) is None
    member.refresh_from_db()
    assert (member.state, member.reason, len(member.detail)) == ("skipped", "unrenderable", 500)


# ── Beside others ────────────────────────────────────────────────────────────────────────────────────────────────────
def beside(first: Callable[[], object], second: Callable[[], object]) -> Any:
    """Do the second while the first is not committed yet; return what comes of it."""

    def run() -> object:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            other = pool.submit(run)
            wait_until(lambda: somebody_waits() or other.done())
        return other.result()


def test_who_is_being_left_out_is_not_taken_in_hand(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get()

    def leave_out() -> None:
        CampaignMember.objects.update(state="skipped", reason="cancelled")

    assert beside(leave_out, lambda: actions.claim_member(campaign=campaign, member=member.pk)) is None
    assert states(campaign) == {"Ada": "skipped cancelled"}


@pytest.mark.parametrize("name", ["note_unsent", "note_postponed", "note_sender_refused"])
def test_nobody_waits_in_a_campaign_that_is_being_cancelled(campaign: Campaign, recipient: Any, name: str) -> None:
    recipient("Ada")
    other = another(campaign)
    (member,) = begun(other)
    beside(lambda: actions.cancel_campaign(campaign=other), lambda: note(name, member))
    assert states(other) == {"Ada": "skipped cancelled"}
    assert Campaign.objects.get(pk=other.pk).status == "cancelled"
