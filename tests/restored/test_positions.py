"""Positions in the feed end with the life of the database that gave them out."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from crm.changes.feed import State
from crm.models import Change, DatabaseIdentity
from crm.restored import holding
from crm.restored.identity import recognise
from customers.models import Customer
from tests.feed import settle
from tests.samples import make

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES = "/api/v1/changes"
OTHERS = [{"system": "1"}, {"database": "1"}, {"table": "1"}, {"timeline": "000000FF"}, {"port": "1"}]


def latest(reader: Any) -> str:
    return str(reader.get(CHANGES, {"after": "latest"}).json()["position"])


@pytest.mark.parametrize("mark", OTHERS, ids=lambda mark: next(iter(mark)))
def test_after_a_restore_a_reader_is_told_and_none_of_the_new_changes_is_passed_over(
    reader: Any, was_other: Any, mark: dict[str, str]
) -> None:
    position = latest(reader)
    was_other(**mark)
    made = [str(make(Customer).pk) for _number in range(3)]
    answer = reader.get(CHANGES, {"after": position})
    assert answer.status_code == 410
    assert "restored" in answer.json()["detail"]
    assert [one["record"] for one in reader.get(CHANGES).json()["results"]] == made


def test_positions_given_out_after_it_are_good(reader: Any, was_other: Any) -> None:
    was_other(system="1")
    position = latest(reader)
    made = make(Customer)
    page = reader.get(CHANGES, {"after": position}).json()
    assert [one["record"] for one in page["results"]] == [str(made.pk)]
    assert page["position"].split("-")[2] == position.split("-")[2]


def test_the_epoch_begins_once(reader: Any, was_other: Any) -> None:
    before = latest(reader).split("-")[2]
    was_other(table="1")
    epochs = {latest(reader).split("-")[2] for _number in range(3)}
    assert len(epochs) == 1
    assert before not in epochs


def test_numbers_that_lost_changes_may_have_had_are_given_to_no_other(reader: Any, was_other: Any) -> None:
    lost = make(Customer)
    number = Change.objects.get(record=lost.pk).transaction
    was_other(database="1")
    latest(reader)
    made = make(Customer)
    assert Change.objects.get(record=made.pk).transaction > number + 2**32 - 100


def test_a_position_without_an_epoch_is_good_until_a_restore(reader: Any, was_other: Any) -> None:
    make(Customer)
    first = reader.get(CHANGES).json()["results"][0]["id"]
    assert reader.get(CHANGES, {"after": first}).status_code == 200
    was_other(system="1")
    assert reader.get(CHANGES, {"after": first}).status_code == 410


def test_the_id_of_a_change_made_after_a_restore_is_a_position(reader: Any, was_other: Any) -> None:
    was_other(system="1")
    latest(reader)
    first, second = make(Customer), make(Customer)
    found = Change.objects.get(record=first.pk)
    rows = reader.get(CHANGES, {"after": f"{found.transaction}-{found.sequence}"}).json()["results"]
    assert [one["record"] for one in rows] == [str(second.pk)]


@pytest.mark.parametrize(("before", "code"), [(1, 410), (0, 200)])
def test_a_position_without_an_epoch_is_good_from_the_first_number_on(
    reader: Any, was_other: Any, before: int, code: int
) -> None:
    was_other(system="1")
    latest(reader)
    begins_at = DatabaseIdentity.objects.get().begins_at
    assert reader.get(CHANGES, {"after": f"{begins_at - before}-0"}).status_code == code


def test_the_latest_position_is_before_every_change_that_is_to_come(reader: Any) -> None:
    number, sequence, _epoch = latest(reader).split("-")
    made = make(Customer)
    Change.objects.update(transaction=number, sequence=1)
    found = reader.get(CHANGES, {"after": f"{number}-{sequence}"}).json()["results"]
    assert [one["record"] for one in found] == [str(made.pk)]


@pytest.mark.parametrize("ahead", ["{0}-1-{1}", "{0}-1", "999999999999999999-999999999999999999-{1}"])
def test_a_position_from_the_future_is_refused(reader: Any, ahead: str) -> None:
    number, _sequence, epoch = latest(reader).split("-")
    answer = reader.get(CHANGES, {"after": ahead.format(int(number) + 1000, epoch)})
    assert answer.status_code == 410
    assert "has not come to" in answer.json()["detail"]


def test_a_position_of_another_epoch_is_refused(reader: Any) -> None:
    number, _sequence, _epoch = latest(reader).split("-")
    assert reader.get(CHANGES, {"after": f"{number}-0-00000000"}).status_code == 410
    assert reader.get(CHANGES, {"after": f"{number}-0-xyz"}).status_code == 400


def test_a_listener_is_told_before_the_stream_begins(reader: Any, was_other: Any) -> None:
    position = latest(reader)
    was_other(timeline="000000FF")
    headers = {"Accept": "text/event-stream", "Last-Event-ID": position}
    assert reader.get(CHANGES, headers=headers).status_code == 410


def test_where_nothing_was_lost_an_operator_lets_readers_go_on(reader: Any, was_other: Any) -> None:
    position = latest(reader)
    was_other(timeline="000000FF")
    made = make(Customer)
    assert reader.get(CHANGES, {"after": position}).status_code == 410
    holding.accept_former_positions()
    assert [one["record"] for one in reader.get(CHANGES, {"after": position}).json()["results"]] == [str(made.pk)]


def test_what_was_accepted_once_is_so_after_the_next_failover(reader: Any, was_other: Any) -> None:
    position = latest(reader)
    for timeline in ("000000FE", "000000FF"):
        was_other(timeline=timeline)
        recognise()
        holding.accept_former_positions()
    assert reader.get(CHANGES, {"after": position}).status_code == 200


def test_a_restore_of_a_version_without_epochs_is_seen_by_its_numbers(reader: Any) -> None:
    position = latest(reader).rpartition("-")[0]
    make(Customer)
    Change.objects.update(transaction=10**12)
    DatabaseIdentity.objects.all().delete()
    assert reader.get(CHANGES, {"after": position}).status_code == 410
    assert DatabaseIdentity.objects.get().held_reason == "copied"


def test_an_update_of_a_version_without_epochs_ends_no_position(reader: Any) -> None:
    position = latest(reader).rpartition("-")[0]
    DatabaseIdentity.objects.all().delete()
    assert reader.get(CHANGES, {"after": position}).status_code == 200
    assert DatabaseIdentity.objects.get().held_since is None


def test_recognising_asks_nothing_more_of_the_database(reader: Any, django_assert_num_queries: Any) -> None:
    latest(reader)
    settle()
    with django_assert_num_queries(1):
        State.now()


def test_a_role_without_rights_can_tell_which_database_it_is() -> None:
    statements = (
        "CREATE ROLE reader_of_marks",
        "GRANT SELECT ON crm_databaseidentity, crm_feedstate TO reader_of_marks",
        "SET LOCAL ROLE reader_of_marks",
    )
    with transaction.atomic():
        before = State.now().horizon.epoch
        with connection.cursor() as cursor:
            for one in statements:
                cursor.execute(one)
            assert State.now().horizon.epoch == before
        transaction.set_rollback(True)
