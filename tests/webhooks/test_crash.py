"""Workers that are killed at any moment: nothing is lost, and each record's changes arrive in order."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from crm.models import Change
from customers.models import Customer
from tests.samples import make
from tests.webhooks.conftest import worker_process

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow

KILLS = 4


def change_something(chance: random.Random, customers: list[Customer]) -> None:
    """Change some of the customers several times."""
    for number in range(15):
        customer = chance.choice(customers)
        customer.description = str(number)
        customer.save()


def by_record(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return changes by record, each where it came first."""
    found: dict[str, list[str]] = {}
    for record, change in pairs:
        seen = found.setdefault(record, [])
        seen += [change] if change not in seen else []
    return found


def test_everything_arrives_signed_and_in_order_though_workers_are_killed(subscribe: Any, receiver: Any) -> None:
    chance = random.Random(20260401)
    verifier = Verifier(subscribe()["secret"])
    receiver.behave = lambda _handler, _count: chance.choice([200, 200, 200, 500, 503])
    customers = [make(Customer, name=str(number)) for number in range(5)]
    for _kill in range(KILLS):
        with worker_process():
            change_something(chance, customers)
            time.sleep(chance.uniform(2, 5))
    rows = list(Change.objects.order_by("sequence").values_list("record", "transaction", "sequence"))
    with worker_process():
        receiver.wait_for(len(rows), seconds=400)
    got = [verifier.verify(body, headers)["data"] for headers, body in receiver.got]
    expected = by_record((str(record), f"{number}-{sequence}") for record, number, sequence in rows)
    assert by_record((one["record"], one["id"]) for one in got) == expected


def test_the_body_is_the_change_as_the_feed_shows_it(subscribe: Any, receiver: Any, client: Any) -> None:
    subscribe()
    make(Customer)
    with worker_process():
        receiver.wait_for(1)
    ((_headers, body),) = receiver.got
    assert orjson.loads(body)["data"]["id"] == "-".join(
        map(str, Change.objects.values_list("transaction", "sequence")[0])
    )
