"""Files in what agents say: taken by the same rules as all, sent with the mail, and never shown beyond who may see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.attachments.actions import attach
from crm.models import Attachment
from service import actions
from service.links import link_for
from service.models import TicketMessage
from service.words import REFUSALS
from tests.service.refused import state
from tests.staff import colleague, page, signed_in, team

if TYPE_CHECKING:
    from service.models import Ticket

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


@pytest.fixture
def omar() -> Any:
    return colleague("Service agent", team=team("Service"))


@pytest.fixture
def client(api_client: Any, agent: Any) -> Any:
    return api_client(agent, "service:read", "service:write")


def two() -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile("log.txt", b"smoke"), SimpleUploadedFile("plan.pdf", PDF)]


def of(message: Any) -> list[tuple[str, str]]:
    rows = Attachment.objects.filter(about_type="service.ticketmessage", about_id=message.pk).order_by("name")
    return [(one.name, one.media_type) for one in rows]


def test_several_files_go_with_a_reply(opened: Any, omar: Any) -> None:
    ticket = opened()
    said = {"verb": "reply", "body": "See the plan.", "files": two()}
    assert signed_in(omar).post(page(ticket, "thread"), said).status_code == 302
    reply = TicketMessage.objects.get(kind="reply")
    assert of(reply) == [("log.txt", "text/plain"), ("plan.pdf", "application/pdf")]
    text = signed_in(omar).get(page(ticket, "thread")).content.decode()
    content = re.findall(r'href="([^"]+)">log.txt', text)
    assert b"".join(signed_in(omar).get(content[0])) == b"smoke"


def test_the_customer_has_the_files_of_replies_and_none_of_notes(opened: Any, agent: Any) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=agent, body="See.", uploads=[ContentFile(b"smoke", "log.txt")])
    actions.add_note(ticket=ticket, by=agent, body="Secret.", uploads=[ContentFile(b"secret", "secret.txt")])
    text = Client().get(link_for(ticket).removeprefix("http://127.0.0.1:8000")).content.decode()
    assert ("log.txt" in text, "secret.txt" in text) == (True, False)


@pytest.mark.parametrize("verb", ["reply", "note"])
def test_with_a_file_that_is_not_taken_nothing_is_said(opened: Any, omar: Any, verb: str) -> None:
    ticket = opened()
    said = {"verb": verb, "body": "A long text.", "files": [*two(), SimpleUploadedFile("x.pdf", b"MZ")]}
    text = signed_in(omar).post(page(ticket, "thread"), said).content.decode()
    assert "The content is not what the ending .pdf says." in text
    assert "A long text." in text
    assert (TicketMessage.objects.filter(ticket=ticket).count(), Attachment.objects.count()) == (1, 0)


def test_more_than_ten_files_are_refused(opened: Any, omar: Any) -> None:
    ticket = opened()
    many = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(11)]
    text = signed_in(omar).post(page(ticket, "thread"), {"verb": "reply", "body": "x", "files": many}).content.decode()
    assert "At most 10 files at once." in text
    assert (TicketMessage.objects.count(), Attachment.objects.count()) == (1, 0)


def test_who_may_attach_nothing_attaches_nothing(opened: Any, omar: Any) -> None:
    ticket = opened()
    omar.groups.clear()
    names = ["view_all_ticket", "change_ticket", "view_all_ticketmessage"]
    omar.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = signed_in(omar)
    assert 'name="files"' not in client.get(page(ticket, "thread")).content.decode()
    assert client.post(page(ticket, "thread"), {"verb": "note", "body": "x", "files": two()}).status_code == 403
    assert TicketMessage.objects.count() == 1


def attached(ticket: Ticket, agent: Any, name: str = "log.txt") -> Attachment:
    return attach(about=ticket, name=name, content=ContentFile(b"smoke"), by=agent)


@pytest.mark.parametrize("verb", ["reply", "note"])
def test_over_rest_files_of_the_ticket_become_the_messages(client: Any, opened: Any, agent: Any, verb: str) -> None:
    ticket = opened()
    one = attached(ticket, agent)
    answer = client.post(f"/api/v1/tickets/{ticket.pk}/{verb}", {"body": "See.", "attachments": [str(one.pk)]})
    assert answer.status_code == 200
    assert of(TicketMessage.objects.get(kind=verb)) == [("log.txt", "text/plain")]
    assert not Attachment.objects.filter(about_id=ticket.pk).exists()


def test_files_of_other_tickets_or_of_nobody_do_not_go_along(client: Any, opened: Any, agent: Any) -> None:
    ticket, other = opened(), opened()
    for key in (attached(other, agent).pk, uuid4()):
        before = state()
        answer = client.post(f"/api/v1/tickets/{ticket.pk}/reply", {"body": "See.", "attachments": [str(key)]})
        assert (answer.status_code, answer.json()["detail"]) == (422, str(REFUSALS[actions.FileNotThere]))
        assert state() == before
    assert Attachment.objects.get().about_id == other.pk
