"""What comes back, and what providers tell, is noted and feeds the suppression list."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from customers.models import Consent
from marketing import actions
from marketing.mail import providers
from marketing.mail.messages import bounce_address
from marketing.models import CampaignMember, Suppression

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db
DSN = """From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ada@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 No such user

--b
Content-Type: text/rfc822-headers

Message-ID: <{member}@shop.example>

--b--
"""


@pytest.fixture
def member(campaign: Campaign, recipient: Any) -> CampaignMember:
    """Return a member who got a message."""
    recipient("Ada")
    actions.start_campaign(campaign=campaign, by=campaign.owner)
    CampaignMember.objects.update(state="sent")
    return CampaignMember.objects.get()


def report(member: Any, action: str = "failed", status: str = "5.1.1", to: str = "news@shop.example") -> str:
    """Return what a mail server says of a message that it could not deliver."""
    return DSN.format(member=member, action=action, status=status, to=to)


def receive(monkeypatch: Any, text: str) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    call_command("receive_bounce", stdout=io.StringIO())


def test_a_message_that_came_back_for_good_suppresses_the_address(member: CampaignMember, monkeypatch: Any) -> None:
    receive(monkeypatch, report(member.pk.hex))
    member.refresh_from_db()
    assert (member.state, member.detail) == ("bounced", "5.1.1 550 No such user")
    assert list(Suppression.objects.values_list("address", "reason")) == [("ada@example.com", "bounce")]


def test_what_a_server_said_that_the_database_cannot_keep_is_no_way_to_be_written_to(
    member: CampaignMember, monkeypatch: Any
) -> None:
    receive(monkeypatch, report(member.pk.hex).replace("No such", "No\x00such"))
    member.refresh_from_db()
    assert (member.state, member.detail) == ("bounced", "5.1.1 550 No\ufffdsuch user")
    assert Suppression.objects.values_list("address", "detail").get() == ("ada@example.com", member.detail)


def test_a_message_that_is_only_late_suppresses_nothing(member: CampaignMember, monkeypatch: Any) -> None:
    receive(monkeypatch, report(member.pk.hex, action="delayed", status="4.4.1"))
    member.refresh_from_db()
    assert member.state == "sent"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1"])
def test_a_full_mailbox_or_a_blocked_sender_suppresses_nothing(
    member: CampaignMember, monkeypatch: Any, status: str
) -> None:
    receive(monkeypatch, report(member.pk.hex, status=status))
    member.refresh_from_db()
    assert (member.state, member.detail) == ("sent", f"{status} 550 No such user")
    assert not Suppression.objects.exists()


def test_a_message_of_no_campaign_is_left_alone(member: CampaignMember, monkeypatch: Any) -> None:
    receive(monkeypatch, report("0" * 32))
    member.refresh_from_db()
    assert member.state == "sent"


def test_nobody_makes_up_that_a_message_came_back(member: CampaignMember, monkeypatch: Any, settings: Any) -> None:
    settings.MARKETING_BOUNCE_ADDRESS = "bounces@shop.example"
    ours = bounce_address(member.pk)
    for other in ("news@shop.example", f"bounces+{member.pk.hex}@shop.example", ours.replace("+", "+a", 1)):
        receive(monkeypatch, report(member.pk.hex, to=other))
    assert not Suppression.objects.exists()
    receive(monkeypatch, report("0" * 32, to=ours.upper()))
    assert Suppression.objects.of("ada@example.com").exists()


@pytest.mark.parametrize(
    ("kind", "state", "reasons"),
    [
        ("delivered", "delivered", []),
        ("opened", "opened", []),
        ("bounced", "bounced", ["bounce"]),
        ("complained", "complained", ["complaint"]),
        ("unsubscribed", "unsubscribed", ["unsubscribe"]),
    ],
)
def test_what_a_provider_tells_is_noted(member: CampaignMember, kind: str, state: str, reasons: list[str]) -> None:
    event = SimpleNamespace(event_type=kind, metadata={"member": member.pk.hex}, timestamp=None)
    event.description = event.reject_reason = event.click_url = None
    providers.heard(sender=None, event=event, esp_name="Any")
    member.refresh_from_db()
    assert member.state == state
    assert list(Suppression.objects.values_list("reason", flat=True)) == reasons
    assert Consent.objects.filter(is_granted=False).exists() is (kind in {"complained", "unsubscribed"})
