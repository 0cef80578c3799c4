"""A receiver that hangs, or is gone, keeps no other webhook waiting, and nothing is lost."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.models import Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks import deliveries, feeding
from customers.models import Customer
from tests import worker
from tests.feed import settle
from tests.samples import make
from tests.waiting import wait_until
from tests.webhooks.conftest import WEBHOOKS, work
from tests.webhooks.receiver import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.slow

MANY = 120


@pytest.fixture
def hanging() -> Iterator[tuple[Receiver, Event]]:
    """Receive, and answer nothing until the event."""
    let_go = Event()

    def hang(_handler: Any, _count: int) -> int:
        let_go.wait()
        return 200

    with listening() as found:
        found.behave = hang
        yield found, let_go
        let_go.set()


def waiting(url: str) -> int:
    return WebhookDelivery.objects.filter(webhook__url=url, status="waiting").count()


def change_many() -> None:
    for _number in range(MANY):
        make(Customer)


def test_while_one_receiver_hangs_another_gets_everything_soon(subscribe: Any, receiver: Any, hanging: Any) -> None:
    sleeper, let_go = hanging
    dead = [subscribe(url=sleeper.url) for _number in range(3)]  # more lanes than the worker has places
    change_many()
    settle()
    feeding.feed_all()
    subscribe()
    change_many()
    with worker.process(WEBHOOK_RETRIES="0,0,0,300,300,300"):
        receiver.wait_for(MANY, seconds=90)
        wait_until(lambda: waiting(receiver.url) == 0)
        assert sleeper.got == []
        Webhook.objects.filter(pk__in=[one["id"] for one in dead]).update(retry_at=timezone.now(), failures=1)
        WebhookDelivery.objects.update(next_attempt_at=None)
        let_go.set()
        sleeper.wait_for(3 * 2 * MANY, seconds=240)


def test_no_more_than_three_jobs_are_about_one_webhook(subscribe: Any) -> None:
    subscribe()
    for _number in range(30):
        make(Customer)
    settle()
    for _look in range(2):
        feeding.feed_all()
    assert ProcrastinateJob.objects.filter(queue_name="webhooks").count() == 3


def test_after_a_failure_nothing_else_is_tried_until_it_is_time(subscribe: Any, receiver: Any, settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["100", "200"]
    subscribe()
    receiver.behave = lambda _handler, _count: 500
    for _number in range(9):
        make(Customer)
    work()
    first = WebhookAttempt.objects.count()
    assert 1 <= first <= 3  # each lane may have begun before the first of them failed
    make(Customer)
    work()
    assert (WebhookAttempt.objects.count(), Webhook.objects.get().failures) == (first, 1)
    Webhook.objects.update(retry_at=timezone.now())
    work()
    assert (WebhookAttempt.objects.count(), Webhook.objects.get().failures) == (first + 1, 2)


def test_the_first_message_that_arrives_lets_all_others_go(subscribe: Any, receiver: Any, settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["100", "200"]
    subscribe()
    receiver.behave = lambda _handler, _count: 500
    for _number in range(9):
        make(Customer)
    work()
    tried = WebhookAttempt.objects.count()
    receiver.behave = lambda _handler, _count: 200
    Webhook.objects.update(retry_at=timezone.now())
    work()
    assert len(receiver.got) == 9 - tried
    assert Webhook.objects.values_list("failures", "retry_at").get() == (0, None)


def test_a_webhook_waits_for_minutes_not_for_hours_and_as_its_receiver_asks(
    subscribe: Any, receiver: Any, settings: Any
) -> None:
    settings.WEBHOOK_RETRIES = ["5000"]
    subscribe()
    receiver.behave = lambda _handler, _count: 500
    make(Customer)
    work()
    until = Webhook.objects.get().retry_at
    assert until is not None
    assert 250 < (until - timezone.now()).total_seconds() <= 300
    assert WebhookDelivery.objects.filter(next_attempt_at__gt=until).count() == 1


def test_somebody_who_asks_for_a_message_does_not_wait(
    subscribe: Any, receiver: Any, client: Any, settings: Any
) -> None:
    settings.WEBHOOK_RETRIES = ["5000"]
    webhook = subscribe()
    receiver.behave = lambda _handler, _count: 500
    make(Customer)
    work()
    receiver.behave = lambda _handler, _count: 200
    client.post(f"{WEBHOOKS}/{webhook['id']}/test")
    work()
    assert len(receiver.got) == 1


@pytest.mark.parametrize("broken", ["send", "orjson", "kept_headers"])
def test_an_error_of_ours_is_a_failed_attempt_that_is_made_again(
    subscribe: Any, receiver: Any, settings: Any, monkeypatch: Any, broken: str
) -> None:
    settings.WEBHOOK_RETRIES = ["0", "0"]
    subscribe()
    make(Customer)
    with monkeypatch.context() as patched:
        patched.setattr(deliveries, broken, None)
        settings.WEBHOOK_RETRIES = ["1", "1"]
        work()
    found = WebhookDelivery.objects.get()
    assert (found.status, found.attempts, found.next_attempt_at is None) == ("waiting", 1, False)
    time.sleep(1.2)
    work()
    assert WebhookDelivery.objects.get().status == "delivered"
    assert not ProcrastinateJob.objects.filter(status="failed").exists()
