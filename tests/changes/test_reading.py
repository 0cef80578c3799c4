"""How a reader follows the feed."""

from __future__ import annotations

import datetime
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.changes.feed import Position
from crm.models import Change, FeedState
from customers.models import Customer, Interaction
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES = "/api/v1/changes"


def test_pages_follow_one_another_to_the_end(reader: Any) -> None:
    expected = [str(make(Customer).pk) for _number in range(5)]
    first = reader.get(CHANGES, {"limit": 2}).json()
    second = reader.get(first["next"]).json()
    third = reader.get(second["next"]).json()
    assert [one["record"] for page in (first, second, third) for one in page["results"]] == expected
    assert third["next"] is None
    assert reader.get(CHANGES, {"after": third["position"]}).json()["results"] == []


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2])])
def test_a_full_page_is_followed_only_where_there_is_more(reader: Any, count: int, sizes: list[int]) -> None:
    for _number in range(count):
        make(Customer)
    pages, url = [], f"{CHANGES}?limit=2"
    while url:
        page = reader.get(url).json()
        pages.append(len(page["results"]))
        url = page["next"]
    assert pages == sizes


def test_the_id_of_a_change_is_a_position_within_its_transaction_too(reader: Any) -> None:
    with transaction.atomic():
        made = [str(make(Customer).pk) for _number in range(4)]
    ids = [one["id"] for one in reader.get(CHANGES).json()["results"]]
    left = [[one["record"] for one in reader.get(CHANGES, {"after": key}).json()["results"]] for key in ids]
    assert left == [made[1:], made[2:], made[3:], []]


def test_a_reader_goes_on_where_it_stopped(reader: Any) -> None:
    make(Customer)
    stopped = reader.get(CHANGES).json()["position"]
    record = make(Customer)
    assert [one["record"] for one in reader.get(CHANGES, {"after": stopped}).json()["results"]] == [str(record.pk)]


def test_the_id_of_a_change_is_a_position_too(reader: Any) -> None:
    make(Customer)
    record = make(Customer)
    first = reader.get(CHANGES).json()["results"][0]
    found = reader.get(CHANGES, {"after": first["id"]}).json()["results"]
    assert [one["record"] for one in found] == [str(record.pk)]


def test_a_reader_may_begin_now_or_at_a_time(reader: Any) -> None:
    make(Customer)
    latest = reader.get(CHANGES, {"after": "latest"}).json()
    moment = timezone.now().isoformat()
    record = make(Customer)
    assert latest["results"] == []
    for after in (latest["position"], moment):
        found = reader.get(CHANGES, {"after": after}).json()["results"]
        assert [one["record"] for one in found] == [str(record.pk)]


@pytest.mark.parametrize(("seconds", "seen"), [(-1, 3), (0, 3), (1e-6, 2), (10, 2), (10.000001, 0)])
def test_a_time_is_before_the_changes_of_that_very_moment(reader: Any, seconds: float, seen: int) -> None:
    """The first change that there ever was included, and all of a transaction, which has one time."""
    make(Customer)
    with transaction.atomic():
        make(Customer)
        make(Customer)
    first, *others = Change.objects.order_by("sequence")
    start = timezone.now() - datetime.timedelta(hours=1)
    Change.objects.filter(pk=first.pk).update(at=start, sequence=1)
    Change.objects.filter(pk__in=[one.pk for one in others]).update(at=start + datetime.timedelta(seconds=10))
    after = start + datetime.timedelta(seconds=seconds)
    assert len(reader.get(CHANGES, {"after": after.isoformat()}).json()["results"]) == seen


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "1",
        "1-",
        "1-2-3",
        "99999999999999999999-1",
        "2026-01-01",
        "2026-13-01T00:00Z",
        "0001-01-01T00:00+23:00",
        "1" * 19 + "-1",
        f"1-{'1' * 19}",
        "1-1-0000000g",
        "١-1",
    ],
)
def test_what_is_no_position_is_refused(reader: Any, after: str) -> None:
    answer = reader.get(CHANGES, {"after": after})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "after")


@contextmanager
def slow_writer() -> Iterator[None]:
    """Begin a transaction that writes before the block does, and commit it after the block."""
    begun, may_end = Event(), Event()

    def write() -> None:
        with transaction.atomic():
            make(Customer, name="Slow")
            begun.set()
            may_end.wait(10)
            make(Customer, name="Slow too")
        connection.close()

    thread = Thread(target=write)
    thread.start()
    begun.wait(10)
    yield
    may_end.set()
    thread.join()


def test_what_a_running_transaction_may_still_precede_waits(api_client: Any, reader: Any, integration: Any) -> None:
    impatient = api_client(integration, "changes:read", "customers:read")
    with slow_writer():
        make(Customer, name="Fast")
        before = impatient.get(CHANGES).json()
    after = reader.get(CHANGES, {"after": before["position"]}).json()
    assert before["results"] == []
    assert [one["after"]["name"] for one in after["results"]] == ["Slow", "Slow too", "Fast"]


@pytest.mark.parametrize("limit", [1, 2])
def test_of_transactions_that_ran_side_by_side_each_change_is_read_once(reader: Any, limit: int) -> None:
    with slow_writer():
        make(Customer, name="Fast")
    names, url = [], f"{CHANGES}?limit={limit}"
    while url:
        page = reader.get(url).json()
        names += [one["after"]["name"] for one in page["results"]]
        url = page["next"]
    assert names == ["Slow", "Slow too", "Fast"]


def test_changes_are_chosen_by_resource_record_action_and_customer(reader: Any) -> None:
    customer = make(Customer)
    interaction = make(Interaction, customer=customer)
    make(Customer).delete()
    for params, expected in (
        ({"resource": "interactions"}, 1),
        ({"resource": "customers,interactions"}, 4),
        ({"record": interaction.pk}, 1),
        ({"customer": customer.pk}, 2),
        ({"action": "deleted"}, 1),
        ({"user": uuid4()}, 0),
    ):
        assert len(reader.get(CHANGES, params).json()["results"]) == expected, params


def test_a_position_that_is_gone_is_410(reader: Any) -> None:
    make(Customer)
    first = reader.get(CHANGES).json()["results"][0]["id"]
    transaction_id, sequence = first.split("-")
    FeedState.objects.create(pk=1, pruned_transaction=transaction_id, pruned_sequence=int(sequence) + 1)
    answer = reader.get(CHANGES, {"after": first})
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (410, "gone")
    assert reader.get(CHANGES).status_code == 200


def test_without_the_scope_of_a_resource_its_changes_are_left_out(follow: Any, integration: Any) -> None:
    make(Customer)
    client = follow(integration, "sales:read")
    assert client.get(CHANGES).json()["results"] == []
    assert client.get(CHANGES, {"resource": "customers"}).status_code == 403


def test_the_feed_reads_as_xml_and_csv_too(reader: Any) -> None:
    record = make(Customer)
    assert str(record.pk) in reader.get(CHANGES, {"format": "xml"}).content.decode()
    assert reader.get(CHANGES, {"format": "csv", "fields": "record"}).content.decode() == f"record\r\n{record.pk}\r\n"


def test_numbers_go_on_rising_after_a_restore(reader: Any) -> None:
    FeedState.objects.create(pk=1, base=10**12)
    make(Customer)
    position = reader.get(CHANGES).json()["position"]
    assert int(position.split("-")[0]) > 10**12


def test_a_time_in_the_future_is_the_end(reader: Any) -> None:
    make(Customer)
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    assert reader.get(CHANGES, {"after": tomorrow.isoformat()}).json()["results"] == []


def test_positions_are_compared_by_their_place_whoever_gave_them_out() -> None:
    kept, given = Position(5, 1, None), Position(5, 1, "0a0a0a0a")
    assert (kept == given, kept < given, kept > given) == (True, False, False)
    assert max(kept, Position(5, 2, "0a0a0a0a")) == Position(5, 2)
