from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service import actions
from service.models import CannedReply, Ticket, TicketMessage
from tests.plans import scanned
from tests.staff import colleague, page, signed_in, team

pytestmark = pytest.mark.django_db


@pytest.fixture
def omar() -> Any:
    return colleague("Service agent", team=team("Service"))


def thread(ticket: Ticket) -> str:
    return page(ticket, "thread")


def test_a_reply_is_written_where_the_conversation_stands(opened: Any, omar: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    said = {"verb": "reply", "body": "Unplug it.", "status": "pending"}
    assert client.post(thread(ticket), said).headers["Location"] == thread(ticket)
    ticket.refresh_from_db()
    text = client.get(thread(ticket)).content.decode()
    assert (ticket.status, ticket.assignee, ticket.first_replied_at is not None) == ("pending", omar, True)
    assert "Unplug it." in text
    assert "It smokes." in text


def test_what_a_customer_wrote_is_shown_and_does_nothing(opened: Any, omar: Any) -> None:
    ticket = opened(body="<script>alert(1)</script> see https://example.com/x")
    text = signed_in(omar).get(thread(ticket)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<a href="https://example.com/x" target="_blank" rel="noopener noreferrer nofollow">' in text


@pytest.mark.parametrize("verb", ["take", "note", "assign", "move", "merge", "split"])
def test_every_button_does_what_it_says(opened: Any, omar: Any, verb: str) -> None:
    ticket, other = opened(), opened(body="And this.")
    more = actions.receive_message(ticket=ticket, body="Another thing.")
    told = {"body": "Careful.", "to": "on_hold", "assignee": str(omar.pk), "number": other.number}
    answer = signed_in(omar).post(thread(ticket), {"verb": verb, "subject": "Ink", "message": [str(more.pk)], **told})
    found = Ticket.objects.get(pk=ticket.pk)
    notes = list(TicketMessage.objects.filter(ticket=ticket, kind="note").values_list("body", flat=True))
    done = {
        "take": found.assignee == omar and found.status == "open",
        "note": notes == ["Careful."],
        "assign": found.assignee == omar,
        "move": found.status == "on_hold",
        "merge": Ticket.objects.get(pk=other.pk).merged_into == found,
        "split": Ticket.objects.filter(subject="Ink", messages__pk=more.pk).exists(),
    }
    assert (answer.status_code, done[verb]) == (302, True)


def test_a_refusal_is_said_and_what_was_written_is_kept(opened: Any, omar: Any) -> None:
    ticket = opened()
    Ticket.objects.filter(pk=ticket.pk).update(status="closed", resolved_at=datetime.now(tz=UTC))
    answer = signed_in(omar).post(thread(ticket), {"verb": "reply", "body": "A long text."})
    text = answer.content.decode()
    assert "The ticket is closed." in text
    assert "A long text." in text
    assert not TicketMessage.objects.filter(kind="reply").exists()


def test_who_may_only_read_changes_nothing(opened: Any) -> None:
    ticket, client = opened(), signed_in(colleague("Auditor"))
    assert client.get(thread(ticket)).status_code == 200
    assert client.post(thread(ticket), {"verb": "take"}).status_code == 403
    assert Ticket.objects.get(pk=ticket.pk).assignee is None


def test_who_sees_no_tickets_finds_none(opened: Any) -> None:
    client = signed_in(colleague("Marketer"))
    assert client.get(thread(opened())).status_code == 404
    assert client.get("/admin/service/ticket/desk/").status_code == 403


def test_replies_that_are_ready_are_filled(opened: Any, omar: Any) -> None:
    ticket = opened()
    CannedReply.objects.create(name="Hello", body="Dear {{ customer.name }}, {{number}} {{ nonsense }}", owner=omar)
    shown = signed_in(omar).get(thread(ticket)).context["canned"]
    assert shown == [("Hello", f"Dear Ada, {ticket.number} {{{{ nonsense }}}}")]


def test_the_desk_shows_what_is_missed_next_first(opened: Any, omar: Any) -> None:
    now = datetime.now(tz=UTC)
    late, later = opened(now - timedelta(days=3)), opened(now)
    for ticket in (later, late):
        actions.take_ticket(ticket=ticket, by=omar)
    nobodys = opened()
    parts = signed_in(omar).get("/admin/service/ticket/desk/").context["parts"]
    assert [rows for _title, rows in parts] == [[late, later], [nobodys], []]


def test_the_list_leads_to_conversations(opened: Any, omar: Any) -> None:
    ticket = opened()
    text = signed_in(omar).get("/admin/service/ticket/").content.decode()
    assert thread(ticket) in text


def test_the_desk_reads_no_more_tickets_than_it_shows(opened: Any, omar: Any) -> None:
    known = opened()
    same = {"queue": known.queue, "customer": known.customer, "subject": "Printer"}
    who = (omar, None, colleague("Service agent"))
    Ticket.objects.bulk_create(Ticket(number=f"T-9{n:05}", assignee=who[min(n % 25, 2)], **same) for n in range(2_000))
    rows = Ticket.objects.active().most_urgent_first()
    for shown in (rows.filter(assignee=omar.pk), rows.filter(assignee__isnull=True)):
        assert scanned(shown[:50], sorts=False) == {"service_ticket": 50}
