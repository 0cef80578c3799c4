"""An answer to a campaign's message is noted; what machines answer is not."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from marketing.mail.messages import bounce_address, message_id
from marketing.models import CampaignMember
from tests.samples import make

if TYPE_CHECKING:
    from marketing.models import Campaign

pytestmark = pytest.mark.django_db
ANSWER = """From: Ada <ada@example.com>
To: {to}
Subject: Re: News
{more}
Tell me more.
"""


@pytest.fixture
def member(campaign: Campaign, recipient: Any, settings: Any) -> CampaignMember:
    """Return a member who got a message."""
    settings.MARKETING_BOUNCE_ADDRESS = "bounces@shop.example"
    sent = {"state": "sent", "sent_at": "2026-01-01T10:00:00Z"}
    made: CampaignMember = make(CampaignMember, campaign=campaign, customer=recipient("Ada"), **sent)
    return made


def receive(monkeypatch: Any, member: CampaignMember, more: str = "", to: str = "news@shop.example") -> str:
    """Pipe an answer in; return how far the message has come then."""
    text = ANSWER.format(to=to, more=f"{more}\n" if more else "")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    call_command("receive_bounce", stdout=io.StringIO())
    member.refresh_from_db()
    assert (member.replied_at is not None) is (member.state == "replied")
    return str(member.state)


@pytest.mark.parametrize("header", ["In-Reply-To: {}", "References: <other@example.com> {}"])
def test_an_answer_is_known_by_the_message_that_it_answers(member: Any, monkeypatch: Any, header: str) -> None:
    assert receive(monkeypatch, member, header.format(message_id(member.campaign, member.pk))) == "replied"


def test_an_answer_is_known_by_the_address_that_it_came_to(member: Any, monkeypatch: Any) -> None:
    assert receive(monkeypatch, member, to=bounce_address(member.pk)) == "replied"


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "X-Autoreply: yes",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "Return-Path: <>",
        "List-Id: <news.example.com>",
    ],
)
def test_a_machine_has_not_answered(member: Any, monkeypatch: Any, header: str) -> None:
    known = f"In-Reply-To: {message_id(member.campaign, member.pk)}"
    assert receive(monkeypatch, member, f"{known}\n{header}") == "sent"


def test_an_answer_to_something_else_is_left_alone(member: Any, monkeypatch: Any) -> None:
    assert receive(monkeypatch, member, "In-Reply-To: <00000000000000000000000000000000@shop.example>") == "sent"


@pytest.mark.parametrize(
    "content",
    [
        b"From: " + b"(" * 50_000 + b"\n\nx",
        b"From: ada@example.com\nContent-Type: multipart/report" + b"; a*0=" * 1000 + b"\n\nx",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(3000)),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    ],
    ids=["sender", "parameters", "depth", "parts"],
)
def test_an_email_that_is_made_to_hurt_is_neither_an_answer_nor_a_bounce(content: bytes, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    out, began = io.StringIO(), time.thread_time()
    call_command("receive_bounce", stdout=out)
    assert out.getvalue() == "This is neither a message of a campaign that came back nor an answer to one.\n"
    assert time.thread_time() - began < 10
