"""What an agent types is there again when they come back, theirs alone, and gone when it is sent."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from crm.privacy.actions import erase_person
from service import actions
from service.models import Draft, TicketMessage
from tests.staff import colleague, page, signed_in, team
from tests.waiting import somebody_waits, wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def omar() -> Any:
    return colleague("Service agent", team=team("Service"))


def drafts() -> list[str]:
    return list(Draft.objects.order_by("saved_at").values_list("body", flat=True))


def keep(client: Any, ticket: Any, body: str) -> int:
    return int(client.post(f"/admin/service/ticket/{ticket.pk}/draft/", {"body": body}).status_code)


def test_a_draft_is_kept_for_its_author_and_nobody_else(opened: Any, omar: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    assert [keep(client, ticket, text) for text in ("Dear", "Dear Ada,\r\n")] == [204, 204]
    assert drafts() == ["Dear Ada,\n"]
    assert "Dear Ada," in client.get(page(ticket, "thread")).content.decode()
    other = signed_in(colleague("Service agent", team=omar.team))
    assert "Dear Ada," not in other.get(page(ticket, "thread")).content.decode()
    assert "Dear Ada," not in other.get("/admin/service/draft/").content.decode()
    assert "Dear Ada," in client.get("/admin/service/draft/").content.decode()


@pytest.mark.parametrize("verb", ["reply", "note", "discard"])
def test_a_draft_is_gone_when_it_is_sent_or_discarded(opened: Any, omar: Any, verb: str) -> None:
    ticket, client = opened(), signed_in(omar)
    keep(client, ticket, "Dear Ada,")
    assert client.post(page(ticket, "thread"), {"verb": verb, "body": "Dear Ada,"}).status_code == 302
    assert drafts() == []
    assert TicketMessage.objects.exclude(kind="customer").count() == (verb != "discard")


def test_what_was_sent_does_not_come_back_as_a_draft(opened: Any, omar: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    client.post(page(ticket, "thread"), {"verb": "reply", "body": "Dear Ada,\r\nunplug it."})
    assert keep(client, ticket, "Dear Ada,\r\nunplug it.\r\n") == 204
    assert drafts() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_being_sent_does_not_come_back_as_a_draft(opened: Any, omar: Any) -> None:
    ticket = opened()

    def type_on() -> None:
        actions.save_draft(ticket=ticket, by=omar, body="Dear Ada,")
        connection.close()

    late = Thread(target=type_on)
    with transaction.atomic():
        actions.reply_to_ticket(ticket=ticket, by=omar, body="Dear Ada,")
        late.start()
        wait_until(somebody_waits, 30)
        actions.discard_draft(ticket=ticket, by=omar)
    late.join(60)
    assert drafts() == []


def test_nothing_typed_is_no_draft(opened: Any, omar: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    keep(client, ticket, "Dear")
    keep(client, ticket, " \n")
    assert drafts() == []


def test_a_refused_reply_leaves_the_draft(opened: Any, omar: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    keep(client, ticket, "Dear Ada,")
    actions.change_status(ticket=ticket, to="resolved")
    actions.change_status(ticket=ticket, to="closed")
    assert client.post(page(ticket, "thread"), {"verb": "reply", "body": "Dear Ada,"}).status_code == 200
    assert drafts() == ["Dear Ada,"]


def test_drafts_move_with_a_merge_unless_there_is_one(opened: Any, omar: Any) -> None:
    loser, winner, agent = opened(), opened(), colleague("Service agent", team=omar.team)
    for ticket, by, text in ((loser, omar, "moves"), (loser, agent, "stays"), (winner, agent, "was there")):
        actions.save_draft(ticket=ticket, by=by, body=text)
    actions.merge_tickets(winner=winner, loser=loser, by=agent)
    assert set(winner.drafts.values_list("body", flat=True)) == {"moves", "was there"}


def test_who_may_only_read_keeps_no_drafts(opened: Any) -> None:
    ticket = opened()
    assert keep(signed_in(colleague("Auditor")), ticket, "x") == 403
    assert keep(signed_in(colleague("Marketer")), ticket, "x") == 404
    assert drafts() == []


def test_drafts_about_an_erased_customer_are_erased(opened: Any, customer: Any, omar: Any) -> None:
    ticket = opened()
    actions.save_draft(ticket=ticket, by=omar, body="Dear Ada, as you told me")
    found = erase_person(customer=customer, by=None, reason="Asked for it.")
    assert (drafts(), found.counts["service.draft"]) == ([], 1)
