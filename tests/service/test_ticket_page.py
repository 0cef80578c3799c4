"""The page of a ticket: whoever has the link reads what is the customer's to read, answers, and does nothing else."""

from __future__ import annotations

import re
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.attachments.actions import attach
from crm.models import Attachment
from crm.privacy.actions import erase_person
from customers.actions import revoke_preferences_links
from service import actions
from service.links import SALT, link_for
from service.models import TicketMessage
from tests.bombs import ODT, ZEROS, damaged, lying, packed
from tests.samples import make

if TYPE_CHECKING:
    from service.models import Ticket

pytestmark = pytest.mark.django_db


def path(ticket: Ticket) -> str:
    return link_for(ticket).removeprefix("http://127.0.0.1:8000")


def text_of(ticket: Ticket) -> str:
    return Client().get(path(ticket)).content.decode()


def test_the_customer_reads_what_was_said_to_them_and_no_note(opened: Any, agent: Any) -> None:
    ticket = opened(body="It <b>smokes</b>.")
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.")
    actions.add_note(ticket=ticket, by=agent, body="A fool.")
    text = text_of(ticket)
    assert "It &lt;b&gt;smokes&lt;/b&gt;." in text
    assert "Unplug it." in text
    assert "A fool." not in text


def test_nobody_else_keeps_finds_or_hears_of_the_page(opened: Any) -> None:
    headers = Client().get(path(opened())).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"


@pytest.mark.parametrize("status", ["pending", "resolved"])
def test_an_answer_opens_the_ticket_again(opened: Any, agent: Any, status: str) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="Unplug it.", status=status)
    link = path(ticket)
    answer = Client().post(link, {"body": "I did.\r\nThanks."})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{link}?sent")
    ticket.refresh_from_db()
    said = TicketMessage.objects.filter(ticket=ticket).latest("written_at")
    assert (ticket.status, said.kind, said.body) == ("open", "customer", "I did.\nThanks.")


def test_files_come_with_the_answer_and_can_be_fetched(opened: Any) -> None:
    ticket = opened()
    Client().post(path(ticket), {"body": "See.", "files": [SimpleUploadedFile("log.txt", b"smoke")]})
    (link,) = re.findall(r'href="(/tickets/[^"]+/files/[^"]+)"', text_of(ticket))
    answer = Client().get(link)
    assert b"".join(answer.streaming_content) == b"smoke"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="log.txt"'
    assert Client().get(f"{link}x").status_code == 404


def test_an_answer_with_a_file_that_is_not_taken_is_not_taken(opened: Any) -> None:
    ticket = opened()
    answer = Client().post(path(ticket), {"body": "See.", "files": [SimpleUploadedFile("x.exe", b"MZ")]})
    assert (answer.status_code, "See." in answer.content.decode()) == (422, True)
    assert (TicketMessage.objects.count(), Attachment.objects.count()) == (1, 0)


BOMBS = {
    "deflated": packed(("mimetype", ZEROS)),
    "of lzma": packed(("mimetype", ZEROS), method=zipfile.ZIP_LZMA),
    "damaged": damaged("mimetype"),
    "lying": lying("mimetype", says=len(ODT)),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_a_file_that_is_made_to_hurt_costs_a_stranger_with_a_link_no_memory_of_ours(
    opened: Any, content: bytes
) -> None:
    link = path(ticket := opened())
    tracemalloc.start()
    answer = Client().post(link, {"body": "See.", "files": [SimpleUploadedFile("plan.odt", content)]})
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 422
    assert peak < 24 << 20  # what is unpacked would be 64 MB
    assert (Attachment.objects.count(), TicketMessage.objects.filter(ticket=ticket).count()) == (0, 1)


def test_an_empty_answer_is_refused(opened: Any) -> None:
    assert Client().post(path(opened()), {"body": " "}).status_code == 422
    assert TicketMessage.objects.count() == 1


def test_files_of_notes_are_not_the_customers(opened: Any, agent: Any) -> None:
    ticket = opened()
    note = actions.add_note(ticket=ticket, by=agent, body="Secret.")
    attach(about=note, name="secret.txt", content=ContentFile(b"x"), by=agent)
    assert "secret.txt" not in text_of(ticket)


@pytest.mark.parametrize("page", ["", "survey", "files/x"])
def test_a_revoked_link_opens_no_page_of_the_ticket(opened: Any, page: str) -> None:
    ticket = opened()
    old = path(ticket)
    revoke_preferences_links(customer=ticket.customer)
    assert Client().get(f"{old}{page}").status_code == 404
    assert Client().post(old, {"body": "It is me."}).status_code == 404
    assert ticket.messages.count() == 1
    assert Client().get(path(ticket)).status_code == 200


def test_a_link_given_out_before_links_could_be_revoked_works_until_they_are(opened: Any) -> None:
    ticket = opened()
    old = f"/tickets/{signing.dumps([ticket.pk.hex, ticket.customer_id.hex], salt=SALT)}/"
    assert Client().get(old).status_code == 200
    revoke_preferences_links(customer=ticket.customer)
    assert Client().get(old).status_code == 404


def test_a_merged_ticket_leads_on(opened: Any, agent: Any) -> None:
    loser, winner = opened(), opened(subject="Scanner")
    link = path(loser)
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    assert "Scanner" in Client().get(link).content.decode()
    Client().post(link, {"body": "More."})
    assert TicketMessage.objects.get(body="More.").ticket == winner


def test_a_link_ends_with_its_customer(opened: Any, customer: Any) -> None:
    ticket = opened()
    erase_person(customer=customer, by=None, reason="Asked for it.")
    assert Client().get(path(ticket)).status_code == 404
    assert Client().post(path(ticket), {"body": "x"}).status_code == 404


def test_a_link_ends_when_the_ticket_becomes_somebody_elses(opened: Any) -> None:
    ticket = opened()
    link = path(ticket)
    ticket.customer = make(type(ticket.customer), name="Bob")
    ticket.save()
    assert Client().get(link).status_code == 404


def test_made_up_links_lead_nowhere(opened: Any) -> None:
    ticket = opened()
    nobody = signing.dumps([uuid4().hex, ticket.customer_id.hex], salt=SALT)
    other = signing.dumps([ticket.pk.hex, ticket.customer_id.hex], salt="another")
    answers = [Client().get(f"/tickets/{one}/") for one in ("x", nobody, other)]
    assert [one.status_code for one in answers] == [404, 404, 404]


def test_a_form_from_elsewhere_says_nothing(opened: Any) -> None:
    assert Client(enforce_csrf_checks=True).post(path(opened()), {"body": "x"}).status_code == 403
    assert TicketMessage.objects.count() == 1


def test_the_page_speaks_the_customers_language(opened: Any, customer: Any) -> None:
    customer.language = "zh-CN"
    customer.save()
    assert "您的答复" in text_of(opened())
