"""From changes to messages: each becomes one, in pages, and is sent once more as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid5

import pytest
from django.db import connection
from django.db.models import F, Max, Min
from django.utils import timezone

from crm.changes.feed import State
from crm.models import Change, FeedState, Webhook, WebhookDelivery
from crm.webhooks import feeding, lanes
from customers.models import Customer, Interaction
from tests.feed import settle
from tests.samples import make
from tests.webhooks.conftest import WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

SCOPES = ["customers:read", "webhooks:manage"]


@pytest.fixture
def webhook(integration: Any) -> Webhook:
    settle()
    now = State.now().horizon
    said = {"transaction": now.transaction, "sequence": now.sequence, "scopes": SCOPES}
    made: Webhook = make(Webhook, user=integration, url="http://127.0.0.1:9/", secret=b"secret", **said)
    return made


def customers(count: int) -> Sequence[Customer]:
    made = [make(Customer, name=str(number)) for number in range(count)]
    settle()
    return made


def copy(of: Webhook, **said: Any) -> Webhook:
    """Make another webhook of the same person that stands where this one does."""
    same = {name: getattr(of, name) for name in ("user", "url", "secret", "scopes", "transaction", "sequence")}
    made: Webhook = make(Webhook, **same, **said)
    return made


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_pages_of_any_size_make_each_change_one_message(webhook: Webhook, monkeypatch: Any, count: int) -> None:
    monkeypatch.setattr(feeding, "PAGE", 2)
    made = customers(count)
    for _look in range(2):
        feeding.feed_all()
    found = WebhookDelivery.objects.order_by("sequence").values_list("record", flat=True)
    assert list(found) == [one.pk for one in made]


@pytest.mark.parametrize("page", [1, 2, 500])
def test_each_webhook_hears_everything_itself_and_what_is_ahead_is_counted(
    webhook: Webhook, monkeypatch: Any, page: int
) -> None:
    monkeypatch.setattr(feeding, "PAGE", page)
    made = {one.pk for one in customers(3)}
    others = [copy(webhook, **said) for said in ({}, {"paused_at": timezone.now()}, {"actions": ["deleted"]})]
    before = WebhookDelivery.objects.count(), feeding.count_ahead()
    while feeding.feed_one(webhook.pk):
        pass
    between = WebhookDelivery.objects.count(), feeding.count_ahead()
    feeding.feed_all()
    heard = {one.pk: set(one.deliveries.values_list("record", flat=True)) for one in Webhook.objects.all()}
    assert (before, between, feeding.count_ahead()) == ((0, 6), (3, 3), 0)
    assert heard == {webhook.pk: made, others[0].pk: made, others[1].pk: set(), others[2].pk: set()}


@pytest.mark.parametrize("name", ["paused_at", "ended_at"])
def test_what_is_paused_while_others_are_fed_hears_nothing(webhook: Webhook, name: str) -> None:
    customers(1)
    Webhook.objects.update(**{name: timezone.now()})
    before = Webhook.objects.values().get()
    assert feeding.feed_one(webhook.pk) is False
    assert not WebhookDelivery.objects.exists()
    assert Webhook.objects.values().get() == before


def test_a_message_holds_what_the_feed_says(webhook: Webhook) -> None:
    (customer,) = customers(1)
    feeding.feed_all()
    change, message = Change.objects.get(), WebhookDelivery.objects.get()
    said = f"{change.transaction}-{change.sequence}"
    assert (message.event, message.record, message.sequence) == ("customers.created", customer.pk, change.sequence)
    assert (message.pk, message.lane) == (uuid5(webhook.pk, said), lanes.lane_of(customer.pk))
    assert (message.changed_at, message.status, message.attempts) == (change.at, "waiting", 0)
    assert (message.body["type"], message.body["data"]["id"]) == ("customers.created", said)
    assert message.body["timestamp"] == message.body["data"]["at"]


@pytest.mark.parametrize(
    ("said", "events"),
    [
        ({}, {"customers.created", "interactions.created", "interactions.deleted"}),
        ({"resources": ["interactions"]}, {"interactions.created", "interactions.deleted"}),
        ({"actions": ["deleted"]}, {"interactions.deleted"}),
        ({"actions": ["created"], "resources": ["customers"]}, {"customers.created"}),
        ({"scopes": ["sales:read"]}, set()),
        ({"scopes": ["customers:write"]}, set()),
        ({"paused_at": timezone.now()}, set()),
        ({"ended_at": timezone.now()}, set()),
    ],
)
def test_what_is_heard_is_what_was_asked_for_and_may_be_read(
    webhook: Webhook, said: dict[str, Any], events: set[str]
) -> None:
    Webhook.objects.update(**said)
    make(Interaction).delete()
    settle()
    feeding.feed_all()
    assert set(WebhookDelivery.objects.values_list("event", flat=True)) == events


def test_a_webhook_that_another_worker_feeds_is_left_alone(webhook: Webhook) -> None:
    customers(1)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM crm_webhook FOR UPDATE")
            assert feeding.feed_one(webhook.pk) is False
            assert not WebhookDelivery.objects.exists()
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert feeding.feed_one(webhook.pk) is False
    assert WebhookDelivery.objects.count() == 1


def test_who_fell_behind_what_the_feed_keeps_goes_on_where_it_begins(webhook: Webhook) -> None:
    first, second = customers(2)
    change = Change.objects.get(record=first.pk)
    pruned = {"pruned_transaction": change.transaction, "pruned_sequence": change.sequence}
    FeedState.objects.update_or_create(pk=1, defaults=pruned)
    feeding.feed_all()
    assert list(WebhookDelivery.objects.values_list("record", flat=True)) == [second.pk]


def test_what_is_made_again_is_known_already(webhook: Webhook) -> None:
    customers(2)
    feeding.feed_all()
    WebhookDelivery.objects.update(status="delivered", attempts=2)
    Webhook.objects.update(transaction=webhook.transaction, sequence=webhook.sequence)  # a look whose end was lost
    feeding.feed_all()
    assert list(WebhookDelivery.objects.values_list("status", "attempts")) == [("delivered", 2)] * 2


@pytest.mark.parametrize("page", [1, 2, 500])
def test_a_span_begins_with_its_start_and_ends_before_its_end(
    webhook: Webhook, client: Any, monkeypatch: Any, page: int
) -> None:
    monkeypatch.setattr(feeding, "PAGE", page)
    customers(4)
    feeding.feed_all()
    now = timezone.now()
    tried = {"attempts": 3, "first_attempt_at": now, "delivered_at": now, "next_attempt_at": now}
    WebhookDelivery.objects.update(status="failed", **tried)
    WebhookDelivery.objects.filter(sequence=Change.objects.order_by("sequence")[2].sequence).delete()
    first, *_between, last = Change.objects.order_by("sequence").values_list("at", flat=True)
    span = {"start": first.isoformat(), "end": last.isoformat()}
    assert client.post(f"{WEBHOOKS}/{webhook.pk}/replay", span).json() == {"messages": 3}
    rows = WebhookDelivery.objects.order_by("sequence")
    assert list(rows.values_list("status", flat=True)) == ["waiting"] * 3 + ["failed"]
    anew = rows.filter(status="waiting").values("attempts", "first_attempt_at", "delivered_at", "next_attempt_at")
    untouched = {"attempts": 0, "first_attempt_at": None, "delivered_at": None, "next_attempt_at": None}
    assert list(anew) == [untouched] * 3


def test_a_span_is_read_in_the_order_of_the_feed_not_in_that_of_the_disk(webhook: Webhook, monkeypatch: Any) -> None:
    monkeypatch.setattr(feeding, "PAGE", 1)
    made = customers(6)
    numbers = Change.objects.aggregate(first=Min("transaction"), last=Max("transaction"))
    Change.objects.update(transaction=sum(numbers.values()) - F("transaction"))  # what was written last comes first
    assert feeding.deliver_changes(webhook, Change.objects.settled()) == 6
    assert set(WebhookDelivery.objects.values_list("record", flat=True)) == {one.pk for one in made}


def test_a_span_brings_only_what_is_heard_and_may_be_seen(webhook: Webhook, make_user: Any, make_team: Any) -> None:
    seller = make_user("Sales representative", team=make_team("North"))
    Webhook.objects.update(user=seller, actions=["created"])
    own, other = make(Customer, team=seller.team), make(Customer, team=make_team("South"))
    own.name = "New"
    own.save()
    settle()
    changes = Change.objects.settled().filter(at__gt=timezone.now() - timedelta(hours=1))
    assert feeding.deliver_changes(Webhook.objects.select_related("user").get(), changes) == 1
    assert WebhookDelivery.objects.values_list("record", "event").get() == (own.pk, "customers.created")
    assert other.pk not in set(WebhookDelivery.objects.values_list("record", flat=True))
