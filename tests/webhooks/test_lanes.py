"""Jobs of webhooks: few, in turns, and none in vain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.models import Webhook, WebhookDelivery
from crm.webhooks import actions, backoff, deliveries, lanes, signatures
from customers.models import Customer
from tests.samples import make
from tests.waiting import somebody_waits, wait_until
from tests.webhooks.conftest import work


@pytest.fixture
def webhook(integration: Any, receiver: Any) -> Webhook:
    secret = signatures.sealed(signatures.new_secret())
    made: Webhook = make(Webhook, user=integration, url=receiver.url, secret=secret, scopes=["customers:read"])
    return made


def waiting(of: Webhook, lane: int, **fields: Any) -> WebhookDelivery:
    """Make a message about no record that waits in a lane."""
    said = {"event": "webhook.test", "body": {"data": "x"}, "changed_at": timezone.now(), **fields}
    made: WebhookDelivery = make(WebhookDelivery, webhook=of, lane=lane, **said)
    return made


def jobs() -> set[str]:
    """Return the lanes that have a job, each counted once."""
    found = list(ProcrastinateJob.objects.values_list("lock", flat=True))
    assert len(found) == len(set(found))
    return {lock.rpartition(":")[2] for lock in found}


def test_all_messages_about_a_record_are_in_one_of_three_lanes() -> None:
    assert [lanes.lane_of(UUID(int=number)) for number in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("filled", [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()])
def test_a_lane_has_a_job_where_something_is_due(webhook: Webhook, filled: tuple[int, ...]) -> None:
    for lane in filled:
        waiting(webhook, lane)
    for _look in range(2):
        lanes.dispatch()
    assert jobs() == {str(lane) for lane in filled}


@pytest.mark.parametrize(
    "said",
    [
        {"status": "delivered"},
        {"status": "failed"},
        {"status": "withheld"},
        {"next_attempt_at": timezone.now() + timedelta(hours=1)},
    ],
)
def test_what_is_not_due_makes_no_job(webhook: Webhook, said: dict[str, Any]) -> None:
    waiting(webhook, 1, **said)
    lanes.dispatch()
    assert jobs() == set()
    assert not lanes.send_next(str(webhook.pk), 1)


@pytest.mark.parametrize("said", [{"paused_at": timezone.now()}, {"retry_at": timezone.now() + timedelta(hours=1)}])
def test_a_webhook_that_sends_nothing_has_no_job(webhook: Webhook, said: dict[str, Any]) -> None:
    waiting(webhook, 1)
    Webhook.objects.update(**said)
    lanes.dispatch()
    assert jobs() == set()
    assert not lanes.send_next(str(webhook.pk), 1)
    assert WebhookDelivery.objects.values_list("status", "attempts").get() == ("waiting", 0)


def test_only_the_webhook_that_is_asked_for_gets_jobs(webhook: Webhook, integration: Any) -> None:
    other: Webhook = make(Webhook, user=integration, url="http://127.0.0.1:9/", secret=b"secret")
    for one in (webhook, other):
        waiting(one, 0)
    lanes.dispatch(pk=webhook.pk)
    assert list(ProcrastinateJob.objects.values_list("lock", flat=True)) == [f"webhook:{webhook.pk}:0"]


def test_a_webhook_that_has_nothing_to_send_gets_no_jobs_for_another(webhook: Webhook, integration: Any) -> None:
    make(Webhook, user=integration, url="http://127.0.0.1:9/", secret=b"secret")
    waiting(webhook, 0)
    lanes.dispatch()
    assert list(ProcrastinateJob.objects.values_list("lock", flat=True)) == [f"webhook:{webhook.pk}:0"]


def test_a_lane_sends_only_what_is_its_own_of_its_webhook_oldest_first(webhook: Webhook, monkeypatch: Any) -> None:
    other = make(Webhook, user=webhook.user, url=webhook.url, secret=b"secret")
    waiting(other, 1)
    waiting(webhook, 0)
    expected = [waiting(webhook, 1, sequence=number).pk for number in (3, 1, 2)]
    sent: list[Any] = []

    def note(message: WebhookDelivery) -> None:
        sent.append(message.pk)
        deliveries.keep(message, status="delivered")

    monkeypatch.setattr(deliveries, "deliver", note)
    while lanes.send_next(str(webhook.pk), 1):
        pass
    assert sent == [expected[1], expected[2], expected[0]]


def test_a_turn_lasts_until_its_lane_has_nothing_more(webhook: Webhook, receiver: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(lanes, "TURN", 600.0)
    for _number in range(3):
        waiting(webhook, 1)
    waiting(webhook, 2)
    send_next, looks = lanes.send_next, iter(range(4))  # one look more than there are messages
    monkeypatch.setattr(lanes, "send_next", lambda *which: (next(looks), send_next(*which))[1])
    lanes.send(str(webhook.pk), 1)
    assert (len(receiver.got), list(looks), jobs()) == (3, [], {"2"})


@pytest.mark.parametrize("status", ["doing", "succeeded", "failed", "cancelled"])
def test_only_a_job_that_is_still_to_begin_makes_another_superfluous(webhook: Webhook, status: str) -> None:
    waiting(webhook, 1)
    lanes.dispatch()
    with connection.cursor() as cursor:  # as a worker does; the models are only read
        cursor.execute("UPDATE procrastinate_jobs SET status = %s", [status])
    for _look in range(2):
        lanes.dispatch()
    assert sorted(ProcrastinateJob.objects.values_list("status", flat=True)) == sorted([status, "todo"])


def test_of_a_record_only_the_first_that_waits_is_due(webhook: Webhook) -> None:
    record = webhook.pk
    later = timezone.now() + timedelta(hours=1)
    waiting(webhook, 1, record=record, sequence=1, next_attempt_at=later)
    waiting(webhook, 1, record=record, sequence=2)
    assert not lanes.send_next(str(webhook.pk), 1)
    WebhookDelivery.objects.filter(sequence=1).update(status="failed")
    assert WebhookDelivery.objects.due().get().sequence == 2


def test_after_its_turn_a_job_leaves_the_rest_to_another(subscribe: Any, receiver: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(lanes, "TURN", 0.0)
    subscribe()
    for _number in range(9):
        make(Customer)
    work()
    assert len(receiver.got) == 9
    assert ProcrastinateJob.objects.filter(queue_name="webhooks", status="succeeded").count() >= 9


@pytest.mark.parametrize("failures", [0, 2])
def test_who_asks_for_a_test_need_not_wait(webhook: Webhook, failures: int) -> None:
    Webhook.objects.update(failures=failures, retry_at=timezone.now() + timedelta(hours=1) if failures else None)
    message = actions.send_test(webhook=webhook)
    assert (message.lane, jobs()) == (lanes.lane_of(message.pk), {str(message.lane)})
    assert (message.body["type"], message.body["data"]) == ("webhook.test", {"webhook": str(webhook.pk)})
    assert (Webhook.objects.get().retry_at is None) == (failures == 0)


def test_of_lanes_at_once_one_has_the_turn_after_a_failure(webhook: Webhook) -> None:
    Webhook.objects.update(failures=1)
    known = Webhook.objects.get()

    def ask() -> bool:
        try:
            return backoff.take_turn(known)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert backoff.take_turn(known)
            other = pool.submit(ask)
            wait_until(somebody_waits)
        assert other.result() is False
