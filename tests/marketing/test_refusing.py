"""What a mail server, or a mistake of ours, takes from nobody: an address, a message, or the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.models import Task
from marketing import actions, jobs, sending
from marketing.models import CampaignMember, Segment, Suppression
from tests.marketing.test_sending import begin, states

if TYPE_CHECKING:
    from crm.models import User
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def in_hand(campaign: Campaign) -> CampaignMember:
    """Start a campaign, and take its only member in hand."""
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    member = CampaignMember.objects.get()
    assert actions.claim_member(campaign=campaign, member=member.pk) is not None
    return member


def test_an_address_that_the_server_has_no_signs_for_is_not_suppressed(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("José", email="josé@example.com")
    recipient("Bob")
    begin(campaign)
    assert states(campaign) == {"Bob": "sent", "José": "skipped refused"}
    assert not Suppression.objects.exists()


def test_a_server_that_refuses_the_sender_pauses_the_campaign(
    campaign: Campaign, recipient: Any, mail_server: Any
) -> None:
    recipient("Ada")
    recipient("Bob")
    mail_server.at_sender = lambda: "550 5.7.1 Not yours"
    assert begin(campaign).status == "paused"
    assert states(campaign) == {"Ada": "queued", "Bob": "queued"}
    mail_server.at_sender = lambda: "250 OK"
    actions.resume_campaign(campaign=campaign)
    sending.send_turn(campaign.pk)
    assert mail_server.recipients == ["ada@example.com", "bob@example.com"]


def test_a_key_that_signs_nothing_pauses_the_campaign(
    campaign: Campaign, recipient: Any, mail_server: Any, settings: Any
) -> None:
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, settings.DKIM_KEY = "shop.example", "crm", "nonsense"
    recipient("Ada")
    assert begin(campaign).status == "paused"
    assert (states(campaign), mail_server.got) == ({"Ada": "queued"}, [])
    found = Task.objects.get(about_id=campaign.pk)
    assert (found.title, found.description) == ("The campaign “Spring” was paused", "Private key not found")
    assert (found.assignee, found.remind_at is not None) == (campaign.owner, True)


def test_a_server_that_is_down_is_not_asked_again_at_once(
    campaign: Campaign, recipient: Any, settings: Any, no_jobs: None
) -> None:
    recipient("Ada")
    backend = "crm.smtp.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": 1}}}
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    jobs.send(str(campaign.pk))
    assert not ProcrastinateJob.objects.exists()
    assert states(campaign) == {"Ada": "queued"}
    jobs.look_after_campaigns()
    assert ProcrastinateJob.objects.count() == 1


def test_a_scheduled_campaign_that_cannot_start_is_a_draft_and_a_task(
    campaign: Campaign, no_jobs: None, marketer: User
) -> None:
    marketer.language = "zh-hans"
    marketer.save()
    actions.schedule_campaign(campaign=campaign, at=timezone.now(), by=marketer)
    Segment.objects.update(conditions={"custom.gone": "x"})
    jobs.look_after_campaigns()
    jobs.look_after_campaigns()
    campaign.refresh_from_db()
    assert (campaign.status, campaign.scheduled_at) == ("draft", None)
    assert Task.objects.get().title == "营销活动“Spring”未能开始"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_no_campaign_starts_long_ago_or_in_many_years(
    campaign: Campaign, marketer: User, api_client: Any, at: str
) -> None:
    client = api_client(marketer, "marketing:read", "marketing:write")
    answer = client.post(f"/api/v1/campaigns/{campaign.pk}/schedule", {"at": at})
    assert (answer.status_code, campaign.status) == (409, "draft")
    assert answer.json()["detail"] == "Choose a time from now on, within the next two years."


def test_a_campaign_whose_segment_cannot_be_read_does_not_start(campaign: Campaign, recipient: Any) -> None:
    recipient("Ada")
    Segment.objects.update(conditions={"custom.gone": "x"})
    campaign.refresh_from_db()
    with pytest.raises(actions.NotReady):
        actions.start_campaign(campaign=campaign, by=campaign.owner)
    campaign.refresh_from_db()
    assert campaign.status == "draft"


def test_who_was_in_hand_when_a_campaign_was_cancelled_is_marked_and_counted(
    campaign: Campaign, recipient: Any, mail_server: Any, no_jobs: None
) -> None:
    recipient("Ada")
    in_hand(campaign)
    actions.cancel_campaign(campaign=campaign)
    jobs.look_after_campaigns()
    job = ProcrastinateJob.objects.get()
    jobs.send(**job.args)
    assert states(campaign) == {"Ada": "sent_unconfirmed"}
    assert mail_server.got == []


@pytest.mark.parametrize(
    ("step", "said", "state"),
    [
        ("at_recipient", "550 5.1.1 No\x00body", "bounced"),
        ("at_recipient", "450 4.2.0 La\x00ter", "queued"),
        ("at_recipient", "552 5.2.2 Fu\x00ll", "skipped refused"),
        ("at_sender", "550 5.7.1 Not\x00yours", "queued"),
    ],
)
def test_an_answer_that_the_database_cannot_keep_means_what_it_says(
    campaign: Campaign, recipient: Any, mail_server: Any, step: str, said: str, state: str
) -> None:
    recipient("Ada")
    setattr(mail_server, step, lambda *_address: said)
    begin(campaign)
    assert states(campaign) == {"Ada": state}
    assert CampaignMember.objects.get().detail == said.replace("\x00", "\ufffd")
