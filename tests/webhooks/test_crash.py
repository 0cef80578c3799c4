"""Workers that are killed at any moment: nothing is lost, and each record's changes arrive in order."""

from __future__ import annotations

import random
import time
from typing import Any

import orjson
from standardwebhooks.webhooks import Webhook as Verifier

from crm.models import Change
from customers.models import Customer
from tests.samples import make
from tests.webhooks.conftest import worker_process

KILLS = 4


def change_something(chance: random.Random, customers: list[Customer]) -> None:
    """Change some of the customers several times."""
    for number in range(15):
        customer = chance.choice(customers)
        customer.description = str(number)
        customer.save()


def test_everything_arrives_signed_and_in_order_though_workers_are_killed(subscribe: Any, receiver: Any) -> None:
    chance = random.Random(20260401)
    webhook = subscribe()
    receiver.behave = lambda _handler, _count: chance.choice([200, 200, 200, 500, 503])
    customers = [make(Customer, name=str(number)) for number in range(5)]
    for _kill in range(KILLS):
        with worker_process():
            change_something(chance, customers)
            time.sleep(chance.uniform(2, 5))
    expected = list(Change.objects.order_by("sequence").values_list("transaction", "sequence", "record"))
    with worker_process():
        receiver.wait_for(len(expected), seconds=180)
    first: dict[str, list[str]] = {}
    for headers, body in receiver.got:
        change = Verifier(webhook["secret"]).verify(body, headers)["data"]
        seen = first.setdefault(change["record"], [])
        seen += [change["id"]] if change["id"] not in seen else []
    wanted: dict[str, list[str]] = {}
    for number, sequence, record in expected:
        wanted.setdefault(str(record), []).append(f"{number}-{sequence}")
    assert first == wanted


def test_the_body_is_the_change_as_the_feed_shows_it(subscribe: Any, receiver: Any, client: Any) -> None:
    subscribe()
    make(Customer)
    with worker_process():
        receiver.wait_for(1)
    ((_headers, body),) = receiver.got
    assert orjson.loads(body)["data"]["id"] == "-".join(
        map(str, Change.objects.values_list("transaction", "sequence")[0])
    )
