from __future__ import annotations

import email
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings as configuration
from django.core.files.base import ContentFile
from django.db import connection

from crm.attachments.store import store
from crm.models import Attachment
from service import actions
from service.addresses import TICKETS, reply_to
from service.links import ticket_of
from service.mail.receiving import take
from service.models import TicketMessage
from service.sending import ATTEMPTS
from tests.service.letters import free_port, raw
from tests.worker import do_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


class Server:
    """What an SMTP server does with e-mail: keeps it, or refuses it with an answer of ours."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: list[str] = []
        self.refusal = ""

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 -- aiosmtpd's
        envelope.mail_from = address
        return self.refusal or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        if self.answers and (answer := self.answers.pop(0)):
            return answer
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def server(settings: Any, no_jobs: None) -> Iterator[Server]:
    handler = Server()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    backend = "crm.smtp.EmailBackend"
    settings.SENDS_EMAIL = True
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": controller.port}}}
    yield handler
    controller.stop()


def answered(ticket: Ticket, agent: Any, text: str = "Unplug it.") -> TicketMessage:
    return actions.reply_to_ticket(ticket=ticket, by=agent, body=text)


def test_a_reply_leaves_once_in_the_thread_of_what_it_answers(server: Server, queue: Any, agent: Any) -> None:
    found = take(raw(Message_ID="<first@example.com>"))
    reply = answered(found.ticket, agent)  # type: ignore[arg-type]
    do_all()
    do_all()
    (sent,) = server.taken
    thread = [sent[name] for name in ("To", "From", "In-Reply-To")]
    assert thread == ["ada@example.com", "Support <support@example.com>", "<first@example.com>"]
    text, _gap, words, link = sent.get_body().get_content().strip().splitlines()
    assert words == "See and answer your ticket:"
    assert (sent["Message-ID"], text, ticket_of(link.split("/")[-2])) == (reply.message_id, "Unplug it.", found.ticket)
    assert TICKETS.key_in(sent["Reply-To"]) == found.ticket.pk  # type: ignore[union-attr]
    assert TicketMessage.objects.get(pk=reply.pk).delivery == "sent"


def test_the_reply_that_resolves_asks_how_it_was(server: Server, opened: Any, agent: Any) -> None:
    actions.reply_to_ticket(ticket=opened(), by=agent, body="It is new now.", status="resolved")
    do_all()
    *_rest, words, link = server.taken[0].get_body().get_content().strip().splitlines()
    assert (words, link.endswith("/survey")) == ("How did we do? One question:", True)


def files(mail: Any) -> list[tuple[str, str, bytes]]:
    return [
        (one.get_filename(), one.get_content_type(), one.get_payload(decode=True)) for one in mail.iter_attachments()
    ]


def test_files_go_with_the_reply(server: Server, opened: Any, agent: Any) -> None:
    sent = [ContentFile(b"%PDF-1.4\n\xe2", "\u8ba1\u5212.pdf"), ContentFile(b"From: a@b\n\nx", "mail.eml")]
    actions.reply_to_ticket(ticket=opened(), by=agent, body="See.", html="<p>See.</p>", uploads=sent)
    do_all()
    assert files(server.taken[0]) == [
        ("mail.eml", "message/rfc822", None),
        ("\u8ba1\u5212.pdf", "application/pdf", b"%PDF-1.4\n\xe2"),
    ]
    assert server.taken[0].get_body(("html",)).get_content().startswith("<p>See.</p>")


def test_a_file_too_large_for_an_email_waits_on_the_page(
    server: Server, opened: Any, agent: Any, settings: Any
) -> None:
    settings.MAIL_BYTES = 16
    sent = [ContentFile(b"x" * 12, "small.txt"), ContentFile(b"x", "one.txt"), ContentFile(b"x" * 13, "z.txt")]
    actions.reply_to_ticket(ticket=opened(), by=agent, body="See.", uploads=sent)
    do_all()
    (mail,) = server.taken
    assert [name for name, _kind, _content in files(mail)] == ["one.txt"]
    words = "Too large for an e-mail, but on the page of your ticket: small.txt, z.txt. See and answer your ticket:"
    assert words in mail.get_body().get_content()


def test_a_reply_does_not_leave_without_its_files(server: Server, opened: Any, agent: Any) -> None:
    reply = actions.reply_to_ticket(ticket=opened(), by=agent, body="See.", uploads=[ContentFile(b"x", "log.txt")])
    store().delete(Attachment.objects.get().key)
    do_all()
    reply.refresh_from_db()
    assert (reply.delivery, server.taken) == ("failed", [])


def test_what_comes_back_joins_the_ticket(server: Server, opened: Any, agent: Any) -> None:
    ticket = opened()
    answered(ticket, agent)
    do_all()
    assert take(raw("Thanks.", To=server.taken[0]["Reply-To"])).ticket == ticket


def test_a_refusal_for_good_is_noted_and_not_tried_again(server: Server, opened: Any, agent: Any) -> None:
    server.answers = ["550 no such user"]
    reply = answered(opened(), agent)
    do_all()
    do_all()
    reply.refresh_from_db()
    assert (reply.delivery, server.taken) == ("failed", [])
    assert "550" in reply.delivery_error


def test_a_refusal_for_now_is_tried_again_under_the_same_id(server: Server, opened: Any, agent: Any) -> None:
    server.answers = ["451 try later"]
    reply = answered(opened(), agent)
    do_all()
    assert TicketMessage.objects.get(pk=reply.pk).delivery == "queued"
    end = time.monotonic() + 60
    while not server.taken and time.monotonic() < end:
        time.sleep(0.5)
        do_all()
    assert [one["Message-ID"] for one in server.taken] == [reply.message_id]


def test_a_server_that_does_not_let_us_in_may_do_so_later(server: Server, opened: Any, agent: Any) -> None:
    server.refusal = "535 wrong password"
    reply = answered(opened(), agent)
    do_all()
    assert TicketMessage.objects.get(pk=reply.pk).delivery == "queued"


def test_what_did_not_leave_for_a_day_is_noted_as_not_sent(
    settings: Any, no_jobs: None, opened: Any, agent: Any
) -> None:
    backend = "crm.smtp.EmailBackend"
    settings.SENDS_EMAIL = True
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": free_port()}}}
    reply = answered(opened(), agent)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = %s", [ATTEMPTS])
    do_all()
    reply.refresh_from_db()
    assert (reply.delivery, "refused" in reply.delivery_error) == ("failed", True)


def test_a_reply_is_not_sent_where_its_transaction_failed(server: Server, opened: Any, agent: Any) -> None:
    with pytest.raises(actions.NoWayThere):
        actions.reply_to_ticket(ticket=opened(), by=agent, body="x", status="closed")
    do_all()
    assert (server.taken, TicketMessage.objects.filter(kind="reply").count()) == ([], 0)


def test_a_token_is_as_good_as_its_key(opened: Any, settings: Any) -> None:
    address = reply_to(ticket := opened())
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [configuration.SECRET_KEY], "another"
    assert TICKETS.key_in(address) == ticket.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert TICKETS.key_in(address) is None
