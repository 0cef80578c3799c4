"""E-mail where things go wrong around it: none is lost, and none is taken for what it is not."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as configuration
from django.core.files.storage import FileSystemStorage, storages
from django.core.management import call_command

from crm.privacy.actions import erase_person
from service import actions
from service.addresses import reply_to
from service.mail.receiving import take
from service.models import IncomingMail, Queue, Ticket, TicketMessage
from tests.service.letters import as_it_is, letter, raw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def support(queue: Queue, settings: Any) -> Queue:
    settings.SENDS_EMAIL = True
    return queue


@pytest.fixture
def reply(opened: Any, agent: Any) -> TicketMessage:
    return actions.reply_to_ticket(ticket=opened(), by=agent, body="Unplug it.", status="resolved")


def report(kind: str, about: str, *, report_type: str = "delivery-status") -> bytes:
    body = f"--q\r\n\r\nSee below.\r\n--q\r\nContent-Type: message/{report_type}\r\n\r\n{kind}\r\n\r\n"
    body += f"--q\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n--q--"
    head = f"Content-Type: multipart/report; report-type={report_type}; boundary=q"
    return as_it_is(body.encode(), head.encode(), b"Return-Path: <>")


@pytest.mark.parametrize(
    ("kind", "report_type", "delivery"),
    [
        ("Reporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1", "delivery-status", "failed"),
        ("Reporting-MTA: dns; x\r\n\r\nAction: delayed\r\nStatus: 4.4.1", "delivery-status", "queued"),
        ("Reporting-MTA: dns; x\r\n\r\naction: delivered\r\nStatus: 2.0.0", "delivery-status", "queued"),
        ("Disposition: manual-action/MDN-sent-manually; displayed", "disposition-notification", "queued"),
    ],
)
def test_only_word_that_a_reply_did_not_arrive_says_so(
    reply: TicketMessage, kind: str, report_type: str, delivery: str
) -> None:
    found = take(report(kind, reply.message_id, report_type=report_type))
    reply.refresh_from_db()
    assert (found.state, reply.delivery, reply.ticket.status) == ("ignored", delivery, "resolved")


def test_who_is_away_got_the_reply(reply: TicketMessage) -> None:
    mail = raw("I am away.", Return_Path="<>", In_Reply_To=reply.message_id, Auto_Submitted="auto-generated")
    found = take(mail)
    reply.refresh_from_db()
    assert (found.state, reply.delivery, reply.ticket.status) == ("ignored", "queued", "resolved")


def test_what_a_loop_was_taken_for_is_taken_when_somebody_wants_it(admin_client: Any) -> None:
    refused = [take(raw()) for _number in range(31)][-1]
    data = {"action": "try_again", "_selected_action": [str(refused.pk)]}
    admin_client.post("/admin/service/incomingmail/", data)
    assert IncomingMail.objects.filter(state="accepted").count() == Ticket.objects.count() == 31


def test_a_stranger_who_guesses_the_id_of_a_customers_e_mail_is_not_heard_as_one(support: Queue) -> None:
    ticket = take(raw(Message_ID="<1@mail.example.com>")).ticket
    heard = take(raw("Pay to this account.", From="eve@evil.example", In_Reply_To="<1@mail.example.com>")).ticket
    again = take(raw("Still smoking.", In_Reply_To="<1@mail.example.com>")).ticket
    assert (heard != ticket, again) == (True, ticket)
    assert "Pay" not in "".join(TicketMessage.objects.filter(ticket=ticket).values_list("body", flat=True))


def test_who_was_erased_is_not_written_down_again_where_they_were(opened: Any, customer: Any) -> None:
    ticket = opened()
    address = reply_to(ticket)
    erase_person(customer=customer, by=None, reason="asked")
    assert take(raw("It is me.", To=address)).ticket != ticket
    assert "It is me." not in "".join(TicketMessage.objects.filter(ticket=ticket).values_list("body", flat=True))


def test_an_mta_keeps_what_the_disk_has_no_room_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setitem(storages._storages, "attachments", FileSystemStorage(tmp_path / "file"))  # type: ignore[attr-defined]  # what it keeps
    mail = letter("See there.")
    mail.add_attachment(b"hello", maintype="text", subtype="plain", filename="log.txt")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail.as_bytes())))
    with pytest.raises(SystemExit) as refusal:
        call_command("receive_mail", stderr=io.StringIO())
    assert (refusal.value.code, Ticket.objects.count(), IncomingMail.objects.count()) == (75, 0, 0)


def test_an_mta_keeps_what_comes_while_the_configuration_is_wrong() -> None:
    command = [sys.executable, "manage.py", "receive_mail"]
    known = {**os.environ, "DATABASE_URL": "nonsense"}
    done = subprocess.run(  # noqa: S603 -- ours
        command, env=known, cwd=configuration.BASE_DIR, input=raw(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr.startswith(b"Configuration: ")) == (75, True)
