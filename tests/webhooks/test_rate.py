"""How many messages get through to a receiver that fails now and then, and how soon a dead one is left alone."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from crm.models import Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks.feeding import feed_all
from customers.models import Customer
from tests import worker
from tests.feed import settle
from tests.samples import make
from tests.webhooks.conftest import work

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

MANY = 210
SOON = 120  # that do not fail at once


def failing(every: int, status: int = 500) -> Callable[[Any, int], int]:
    """Return a receiver's behaviour that fails each so many requests."""
    numbers = count(1)
    return lambda _handler, _count: status if next(numbers) % every == 0 else 200


@pytest.mark.parametrize(("every", "status"), [(7, 500), (3, 503), (10, 302)])
def test_a_receiver_that_fails_now_and_then_gets_its_messages_at_a_useful_rate(
    subscribe: Any, receiver: Any, every: int, status: int
) -> None:
    receiver.behave = failing(every, status)
    subscribe()
    for _number in range(MANY):
        make(Customer)
    settle()
    feed_all()
    with worker.process():  # with the waits that hold in earnest
        receiver.wait_for(1)
        begun = time.monotonic()
        receiver.wait_for(SOON, seconds=60)
        assert SOON / (time.monotonic() - begun) > 4  # a second, beside whatever else runs; held up, it was one


def test_a_receiver_that_dies_is_left_alone_soon_though_it_took_all_before(
    subscribe: Any, receiver: Any, settings: Any
) -> None:
    settings.WEBHOOK_RETRIES = ["5000"]
    subscribe()
    for _number in range(30):
        make(Customer)
    work()
    assert Webhook.objects.get().credit == 10
    receiver.behave = lambda _handler, _count: 500
    for _number in range(30):
        make(Customer)
    work()
    failed = WebhookAttempt.objects.filter(status=500).count()
    assert 11 <= failed <= 13  # what is paid for, the one that is not, and what the other lanes had begun
    assert Webhook.objects.values_list("failures", "credit").get() == (1, 0)


def test_each_record_keeps_its_order_though_messages_fail(subscribe: Any, receiver: Any, settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["0"] * 20
    receiver.behave = failing(3)
    subscribe()
    customers = [make(Customer, name="0") for _number in range(4)]
    for step in range(1, 6):
        for customer in customers:
            customer.name = str(step)
            customer.save()
    while WebhookDelivery.objects.filter(status="waiting").exists() or not receiver.got:
        work()
    names: dict[str, list[str]] = {}
    for _headers, body in receiver.got:
        change = orjson.loads(body)["data"]
        names.setdefault(change["record"], []).append(change["after"]["name"])
    assert set(map(tuple, names.values())) == {("0", "1", "2", "3", "4", "5")}
    assert len(names) == len(customers)
