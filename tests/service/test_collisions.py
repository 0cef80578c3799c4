"""Two agents on one ticket: each sees the other, and no customer gets two answers unless somebody means it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Change
from service import actions
from service.models import Presence, TicketMessage
from tests.service.refused import state
from tests.staff import colleague, page, signed_in, team

pytestmark = pytest.mark.django_db
UNKNOWN = "01990000-0000-7000-8000-000000000000"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def service() -> Any:
    return team("Service")


@pytest.fixture
def omar(service: Any) -> Any:
    return colleague("Service agent", team=service)


@pytest.fixture
def anna(service: Any) -> Any:
    return colleague("Service agent", team=service, first_name="Anna")


def replies() -> list[str]:
    return list(TicketMessage.objects.filter(kind="reply").order_by("written_at").values_list("body", flat=True))


def test_a_reply_to_what_one_has_not_read_is_held_back_until_confirmed(opened: Any, omar: Any, anna: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    shown = client.get(page(ticket, "thread")).context
    actions.reply_to_ticket(ticket=ticket, by=anna, body="Unplug it.")
    said = {"verb": "reply", "body": "Throw it away.", "status": "pending", "seen": str(shown["seen"])}
    answer = client.post(page(ticket, "thread"), said)
    text = answer.content.decode()
    assert (answer.status_code, replies()) == (200, ["Unplug it."])
    assert "A colleague has replied meanwhile. Nothing was sent." in text
    assert "Throw it away.</textarea>" in text
    assert [one.body for one in answer.context["newer"]] == ["Unplug it."]
    confirmed = client.post(page(ticket, "thread"), {**said, "seen": str(answer.context["seen"])})
    assert (confirmed.status_code, replies()) == (302, ["Unplug it.", "Throw it away."])


def test_ones_own_replies_and_acknowledgements_hold_nothing_back(opened: Any, omar: Any, anna: Any) -> None:
    ticket, client = opened(), signed_in(omar)
    actions.reply_to_ticket(ticket=ticket, by=anna, body="Unplug it.")
    seen = str(client.get(page(ticket, "thread")).context["seen"])
    actions.reply_to_ticket(ticket=ticket, by=omar, body="Or wait.")
    actions.add_note(ticket=ticket, by=anna, body="Hm.")
    assert client.post(page(ticket, "thread"), {"verb": "reply", "body": "Well.", "seen": seen}).status_code == 302


def test_a_note_is_never_held_back(opened: Any, omar: Any, anna: Any) -> None:
    ticket = opened()
    actions.reply_to_ticket(ticket=ticket, by=anna, body="Unplug it.")
    assert signed_in(omar).post(page(ticket, "thread"), {"verb": "note", "body": "x", "seen": ""}).status_code == 302


@pytest.mark.parametrize(
    ("seen", "status"), [(None, 409), ("01990000-0000-7000-8000-000000000000", 409), ("newest", 200)]
)
def test_over_rest_one_says_what_one_has_read(
    api_client: Any, opened: Any, omar: Any, anna: Any, seen: Any, status: int
) -> None:
    ticket = opened()
    newest = actions.reply_to_ticket(ticket=ticket, by=anna, body="Unplug it.")
    client = api_client(omar, "service:read", "service:write")
    before = state()
    body = {"body": "And me.", "seen": str(newest.pk) if seen == "newest" else seen}
    assert client.post(f"/api/v1/tickets/{ticket.pk}/reply", body).status_code == status
    assert (state() == before) is (status == 409)


def test_colleagues_see_each_other_for_half_a_minute(opened: Any, omar: Any, anna: Any) -> None:
    ticket = opened()
    assert actions.note_presence(ticket=ticket, by=anna, is_replying=True, now=NOW) == []
    later = NOW + timedelta(seconds=29)
    others = actions.note_presence(ticket=ticket, by=omar, is_replying=False, now=later)
    assert [str(one) for one in others] == ["Anna is replying"]
    actions.note_presence(ticket=ticket, by=anna, is_replying=False, now=later)
    assert [str(one) for one in actions.others_there(ticket=ticket, by=omar, now=later)] == ["Anna is looking"]
    gone = later + timedelta(seconds=30)
    assert actions.note_presence(ticket=ticket, by=omar, is_replying=False, now=gone) == []
    assert list(Presence.objects.values_list("user", flat=True)) == [omar.pk]


def test_the_script_of_the_page_tells_and_is_told(opened: Any, omar: Any, anna: Any) -> None:
    ticket = opened()
    address = f"/admin/service/ticket/{ticket.pk}/presence/"
    assert signed_in(anna).post(address, {"is_replying": "1"}).json() == {"others": []}
    assert signed_in(omar).post(address).json() == {"others": ["Anna is replying"]}
    assert "Anna is replying" in signed_in(omar).get(page(ticket, "thread")).content.decode()
    assert signed_in(anna).post(address, {"leaves": "1"}).status_code == 204
    assert signed_in(omar).post(address).json() == {"others": []}


def test_who_does_not_see_the_ticket_learns_nothing(opened: Any, anna: Any) -> None:
    ticket = opened()
    address = f"/admin/service/ticket/{ticket.pk}/presence/"
    assert signed_in(colleague("Marketer")).post(address).status_code == 404
    assert signed_in(anna).get(address).status_code == 405
    assert not Presence.objects.exists()


def test_presence_leaves_no_trace(opened: Any, anna: Any, omar: Any, django_assert_num_queries: Any) -> None:
    ticket = opened()
    before = Change.objects.count()
    actions.note_presence(ticket=ticket, by=anna, is_replying=False)
    with django_assert_num_queries(5):  # a savepoint and its end, what expired, this one, the others
        actions.note_presence(ticket=ticket, by=omar, is_replying=True)
    assert Change.objects.count() == before
