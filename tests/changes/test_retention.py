"""How far back the feed reaches."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm.api.representation import shape_of
from crm.changes import retention
from crm.changes.feed import FeedExpired, Position, read
from crm.changes.representation import ChangeSerializer
from crm.models import Change, FeedState
from customers.models import Customer
from tests.feed import settle
from tests.samples import make

pytestmark = pytest.mark.django_db(transaction=True)


def age(days: int) -> None:
    """Make all changes so far that old."""
    Change.objects.update(at=timezone.now() - datetime.timedelta(days=days))


def test_old_changes_go_and_a_reader_that_missed_them_is_told(reader: Any, settings: Any) -> None:
    settings.CHANGE_DAYS = 30
    make(Customer)
    old = reader.get("/api/v1/changes", {"limit": 1}).json()["results"][0]["id"]
    make(Customer)
    age(31)
    recent = make(Customer)
    settle()
    retention.prune()
    assert [str(one.record) for one in Change.objects.all()] == [str(recent.pk)]
    assert reader.get("/api/v1/changes", {"after": old}).status_code == 410
    assert [one["record"] for one in reader.get("/api/v1/changes").json()["results"]] == [str(recent.pk)]


def test_a_reader_misses_nothing_that_goes_while_it_reads(integration: Any, settings: Any) -> None:
    settings.CHANGE_DAYS = 30
    make(Customer)
    first = Change.objects.get()
    make(Customer)
    age(31)
    make(Customer)
    settle()

    def prune_first(rows: Any) -> Any:
        retention.prune()
        return rows

    shape, place = shape_of(ChangeSerializer, None, frozenset()), Position(first.transaction, first.sequence)
    with pytest.raises(FeedExpired):
        read(user=integration, kinds=[Customer], shape=shape, after=place, limit=9, narrow=prune_first)
    assert Change.objects.count() == 1


def test_a_reader_at_the_last_change_that_went_goes_on(reader: Any, settings: Any) -> None:
    settings.CHANGE_DAYS = 30
    make(Customer)
    position = reader.get("/api/v1/changes").json()["results"][0]["id"]
    age(31)
    retention.prune()
    assert reader.get("/api/v1/changes", {"after": position}).status_code == 200


def test_everything_is_pruned_in_chunks(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHANGE_DAYS = 30
    monkeypatch.setattr(retention, "CHUNK", 2)
    for _number in range(5):
        make(Customer)
    age(31)
    settle()
    retention.prune()
    assert not Change.objects.exists()


def test_without_the_setting_nothing_goes() -> None:
    make(Customer)
    age(10_000)
    retention.prune()
    assert Change.objects.count() == 1


def test_after_a_restore_new_changes_come_after_old_ones(reader: Any) -> None:
    make(Customer)
    Change.objects.update(transaction=10**12)
    retention.go_on_counting()
    record = make(Customer)
    last = reader.get("/api/v1/changes", {"after": f"{10**12}-{10**17}"}).json()["results"]
    assert [one["record"] for one in last] == [str(record.pk)]
    assert FeedState.objects.get().base > 0


def test_otherwise_a_migration_leaves_the_numbers_alone() -> None:
    make(Customer)
    retention.go_on_counting()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_feedstate WHERE base <> 0")
        assert cursor.fetchone() == (0,)
