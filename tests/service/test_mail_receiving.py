from __future__ import annotations

import io
import sys
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from crm.models import Attachment, Task
from customers.models import Customer
from service import actions
from service.addresses import reply_to
from service.mail.receiving import take
from service.models import IncomingMail, Queue, Ticket, TicketMessage
from tests.samples import make
from tests.service.letters import letter, raw

pytestmark = pytest.mark.django_db
BOUNCE = """This is the mail system.

<ada@example.com>: user unknown
Original Message-ID: {id}
"""


@pytest.fixture(autouse=True)
def support(queue: Queue, settings: Any, tmp_path: Any) -> Queue:
    return queue


def texts(ticket: Ticket | None) -> list[str]:
    return list(TicketMessage.objects.filter(ticket=ticket).order_by("written_at", "id").values_list("body", flat=True))


def test_a_message_of_a_stranger_is_a_ticket_of_a_new_customer(support: Queue) -> None:
    found = take(raw("It smokes.", From="Li Wei <li@example.cn>"))
    assert (found.state, found.ticket.subject, found.ticket.queue) == ("accepted", "Printer", support)  # type: ignore[union-attr]
    assert (found.customer.name, found.customer.email) == ("Li Wei", "li@example.cn")  # type: ignore[union-attr]
    assert (texts(found.ticket), found.ticket.channel) == (["It smokes."], "email")  # type: ignore[union-attr]


def test_a_known_address_is_its_customers(customer: Customer) -> None:
    assert take(raw(From="ADA@Example.com")).customer == customer


def test_the_same_message_counts_once(customer: Customer) -> None:
    content = raw()
    assert take(content) == take(content.replace(b"Ada", b"Ada L.")) == take(content)
    assert (Ticket.objects.count(), IncomingMail.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_same_message_counts_once_when_it_comes_twice_at_once(customer: Customer) -> None:
    content, found = raw(), []

    def receive() -> None:
        found.append(take(content).pk)
        connection.close()

    threads = [Thread(target=receive) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (Ticket.objects.count(), len(set(found)), len(found)) == (1, 1, 4)


def test_an_answer_to_the_tokens_address_joins_the_ticket(opened: Any) -> None:
    ticket = opened()
    found = take(raw("Still smoking.", To=reply_to(ticket).upper(), From="colleague@example.com"))
    assert (found.ticket, texts(ticket)) == (ticket, ["It smokes.", "Still smoking."])


def test_a_token_that_is_made_up_leads_nowhere(opened: Any) -> None:
    ticket = opened()
    address = reply_to(ticket)
    forged = address.replace(address[-30:-12], "0" * 18)
    assert take(raw(To=forged)).ticket != ticket
    assert texts(ticket) == ["It smokes."]


def test_an_answer_to_a_messages_id_joins_its_ticket(opened: Any, agent: Any, settings: Any) -> None:
    settings.SENDS_EMAIL = True
    ticket = opened()
    reply = actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.", status="resolved")
    found = take(raw("No.", References=f"<other@x> {reply.message_id}"))
    ticket.refresh_from_db()
    assert (found.ticket, ticket.status) == (ticket, "open")


def test_a_message_to_no_queue_is_kept_and_can_be_taken_later(support: Queue) -> None:
    content = raw(To="sales@example.com")
    refused = take(content)
    assert (refused.state, bytes(refused.raw or b""), Ticket.objects.count()) == ("refused", content, 0)
    Queue.objects.create(name="Sales", email="sales@example.com")
    assert (take(content).state, IncomingMail.objects.count()) == ("accepted", 1)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"Subject: nobody\n\nx", b"From: a@b.example\n\n" + b"x" * 2000])
def test_what_is_no_message_or_too_large_is_kept_with_a_reason(content: bytes, settings: Any) -> None:
    settings.MAIL_BYTES = 1000
    found = take(content)
    assert (found.state, bytes(found.raw or b""), Ticket.objects.count()) == ("refused", content[:1000], 0)
    assert found.reason


def test_an_automatic_answer_reaches_nobody(opened: Any, agent: Any) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Done.", status="resolved")
    found = take(raw("I am away.", To=reply_to(ticket), Auto_Submitted="auto-replied (vacation)"))
    ticket.refresh_from_db()
    assert (found.state, found.ticket, ticket.status) == ("ignored", ticket, "resolved")


def test_a_support_address_that_writes_to_itself_is_a_loop() -> None:
    assert take(raw(From="support@example.com")).state == "ignored"
    assert not Ticket.objects.exists()


def test_a_sender_who_writes_without_end_is_stopped() -> None:
    states = [take(raw()).state for _number in range(32)]
    assert (states.count("accepted"), states[-1]) == (30, "refused")


def test_a_bounce_is_noted_on_the_reply(opened: Any, agent: Any, settings: Any) -> None:
    settings.SENDS_EMAIL = True
    reply = actions.reply_to_ticket(ticket=opened(), by=agent, body="Unplug it.")
    text = BOUNCE.format(id=reply.message_id)
    for _time in range(2):
        found = take(raw(text, From="MAILER-DAEMON@example.com", Return_Path="<>", To="support@example.com"))
    reply.refresh_from_db()
    told = Task.objects.get(about_id=reply.ticket_id)
    assert (told.title, told.assignee) == (f"A reply on {reply.ticket.number} did not arrive", agent)
    assert (found.state, reply.delivery) == ("ignored", "failed")
    assert "user unknown" in reply.delivery_error


def test_files_are_attached_and_those_that_are_not_taken_are_named() -> None:
    mail = letter("See there.")
    mail.add_attachment(b"hello", maintype="text", subtype="plain", filename="log.txt")
    mail.add_attachment(b"MZ\x90", maintype="application", subtype="octet-stream", filename="virus.exe")
    found = take(mail.as_bytes())
    message = TicketMessage.objects.get(ticket=found.ticket, kind="customer")
    assert [one.name for one in Attachment.objects.filter(about_id=message.pk)] == ["log.txt"]
    assert "virus.exe" in TicketMessage.objects.get(ticket=found.ticket, kind="note").body


def test_an_encrypted_message_is_a_ticket_with_the_message_attached() -> None:
    mail = raw("x").replace(b"Content-Type: text/plain", b"Content-Type: multipart/encrypted; boundary=x", 1)
    found = take(mail)
    message = TicketMessage.objects.get(ticket=found.ticket)
    assert message.body == "(The e-mail is encrypted; it is attached as it came.)"
    assert Attachment.objects.get(about_id=message.pk).name == "message.eml"


def test_a_long_text_is_cut_and_attached_whole() -> None:
    found = take(raw("word " * 60_000))
    message = TicketMessage.objects.get(ticket=found.ticket, kind="customer")
    assert len(message.body) < 200_000
    assert Attachment.objects.get(about_id=message.pk).size == len("word " * 60_000) - 1


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({}, 1),
        ({"Auto_Submitted": "auto-generated"}, 0),
        ({"List_Id": "<l.example.com>"}, 0),
        ({"Precedence": "bulk"}, 0),
    ],
)
def test_people_are_told_that_their_ticket_is_there_and_machines_are_not(
    support: Queue, settings: Any, headers: dict[str, str], sent: int
) -> None:
    settings.SENDS_EMAIL, support.acknowledgement = True, "Thank you, {{ customer.name }}: {{ number }}."
    support.save()
    found = take(raw(**headers))
    replies = TicketMessage.objects.filter(ticket=found.ticket, kind="reply", author=None)
    assert [one.body for one in replies] == [f"Thank you, Ada: {found.ticket.number}."] * sent  # type: ignore[union-attr]
    assert Ticket.objects.get().first_replied_at is None


def test_an_mta_hands_a_message_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw(To="someone@else.example"))))
    output = io.StringIO()
    call_command("receive_mail", recipient="Support@example.com", stdout=output)
    assert output.getvalue() == f"accepted {Ticket.objects.get().number}\n"


def test_an_address_of_a_firm_is_the_firms(customer: Customer) -> None:
    firm = make(Customer, name="Firm", kind="organization", email="office@example.com")
    assert take(raw(From="office@example.com")).customer == firm
