"""Eight writers at once, and a reader that stops and resumes at random: no change is missed, none comes twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from customers.models import Customer
from tests.feed import settle

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 8
EACH = 1_300


def write(seed: int) -> Counter[UUID]:
    """Commit changes in transactions that overlap with others, and roll some back; return how many of each record."""
    chance = random.Random(seed)
    committed: Counter[UUID] = Counter()
    known: list[UUID] = []
    while committed.total() < EACH:
        done: Counter[UUID] = Counter()
        with transaction.atomic():
            for _statement in range(chance.randint(1, 4)):
                done.update(step(chance, known))
                time.sleep(chance.choice([0, 0, 0.001, 0.01]))
            if is_lost := chance.random() < 0.15:
                transaction.set_rollback(True)
        if not is_lost:
            committed += done
            known = list(committed)
    connection.close()
    return committed


def step(chance: random.Random, known: list[UUID]) -> list[UUID]:
    """Insert some records, or change some of the writer's own; return those changed."""
    if not known or chance.random() < 0.5:
        return [
            one.pk for one in Customer.objects.bulk_create(Customer(name="a") for _n in range(chance.randint(1, 20)))
        ]
    chosen = chance.sample(known, min(len(known), chance.randint(1, 20)))
    Customer.objects.filter(pk__in=chosen).update(name=str(chance.random()))
    return chosen


class Follower:
    """Reads page after page; sometimes it stops before it has kept what it read, and reads that again."""

    def __init__(self, client: Any, chance: random.Random) -> None:
        self.client, self.chance = client, chance
        self.after = client.get("/api/v1/changes", {"after": "latest"}).json()["position"]
        self.seen: list[dict[str, Any]] = []

    def read(self) -> int:
        params = {"after": self.after, "limit": self.chance.randint(1, 500), "fields": "id,record"}
        page = self.client.get("/api/v1/changes", params).json()
        if self.chance.random() < 0.2:
            return 1
        self.seen += page["results"]
        self.after = page["position"]
        return len(page["results"])


def test_a_reader_sees_every_committed_change_exactly_once(api_client: Any, integration: Any) -> None:
    chance = random.Random(20260301)
    follower = Follower(api_client(integration, "changes:read", "customers:read"), chance)
    with ThreadPoolExecutor(WRITERS) as writers:
        running = [writers.submit(write, chance.getrandbits(32)) for _number in range(WRITERS)]
        while not all(one.done() for one in running):
            follower.read()
            time.sleep(chance.choice([0, 0.01, 0.1]))
    settle()
    while follower.read():
        pass
    expected = sum((one.result() for one in running), Counter[UUID]())
    assert expected.total() >= 10_000
    assert Counter(UUID(change["record"]) for change in follower.seen) == expected
    assert len({change["id"] for change in follower.seen}) == len(follower.seen)
