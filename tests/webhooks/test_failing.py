"""When a message is given up, when a webhook is paused, and what brings it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from crm.models import Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks import actions, deliveries
from crm.webhooks.targets import Answer
from customers.models import Customer
from tests.samples import make
from tests.waiting import somebody_waits, wait_until
from tests.webhooks.conftest import WEBHOOKS, work

HOUR = timedelta(hours=1)
WAIT = {"Retry-After": "4000"}


@pytest.fixture(autouse=True)
def schedule(settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["0", "0"]


def waiting(of: Webhook, **fields: Any) -> WebhookDelivery:
    """Make a message that waits."""
    said = {"event": "customers.updated", "body": {"data": "x"}, "changed_at": timezone.now(), **fields}
    made: WebhookDelivery = make(WebhookDelivery, webhook=of, **said)
    return made


@pytest.fixture
def webhook(integration: Any) -> Webhook:
    made: Webhook = make(Webhook, user=integration, url="http://127.0.0.1:9/", secret=b"secret")
    return made


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_every_2xx_is_a_delivery(subscribe: Any, receiver: Any, status: int) -> None:
    subscribe()
    receiver.behave = lambda _handler, _count: status
    make(Customer)
    work()
    found = WebhookDelivery.objects.get()
    assert (found.status, found.attempts, found.next_attempt_at, found.delivered_at is None) == (
        "delivered",
        1,
        None,
        False,
    )


@pytest.mark.parametrize("status", [199, 300, 301, 304, 307, 400, 401, 404, 409, 411, 429, 500, 501, 503, 599])
def test_every_other_status_is_a_failure_that_is_tried_again(
    subscribe: Any, receiver: Any, settings: Any, status: int
) -> None:
    settings.WEBHOOK_RETRIES = ["1000", "1000"]
    subscribe()
    receiver.behave = lambda _handler, _count: status
    make(Customer)
    work()
    found = WebhookDelivery.objects.get()
    assert (found.status, found.attempts, found.delivered_at) == ("waiting", 1, None)
    assert found.next_attempt_at is not None
    assert 990 < (found.next_attempt_at - timezone.now()).total_seconds() <= 1100
    assert Webhook.objects.values_list("paused_at", "failures").get() == (None, 1)
    assert WebhookAttempt.objects.values_list("status", "error").get() == (status, "")


def test_410_pauses_at_once_and_gives_nothing_up(subscribe: Any, receiver: Any) -> None:
    subscribe()
    receiver.behave = lambda _handler, _count: 410
    make(Customer)
    work()
    assert Webhook.objects.values_list("pause_reason", "failures", "retry_at").get() == ("410 Gone", 0, None)
    assert WebhookDelivery.objects.values_list("status", "attempts").get() == ("waiting", 1)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_a_message_is_tried_as_often_as_the_schedule_says_and_once_before(
    webhook: Webhook, settings: Any, retries: int
) -> None:
    settings.WEBHOOK_RETRIES = ["0"] * retries
    message = waiting(webhook)
    standings = []
    for _attempt in range(retries + 1):
        message = WebhookDelivery.objects.select_related("webhook").get()
        deliveries.deliver(message)
        standings.append(WebhookDelivery.objects.get().status)
    assert standings == ["waiting"] * retries + ["failed"]
    found = WebhookDelivery.objects.get()
    assert (found.attempts, found.next_attempt_at) == (retries + 1, None)


@pytest.mark.parametrize(("attempts", "said", "seconds"), [(1, {}, 10), (2, {}, 100), (3, {}, 1000), (2, WAIT, 4000)])
def test_a_message_waits_by_the_schedule_or_longer_where_its_receiver_asks(
    webhook: Webhook, settings: Any, attempts: int, said: dict[str, str], seconds: int
) -> None:
    settings.WEBHOOK_RETRIES = ["10", "100", "1000"]
    message = waiting(webhook, attempts=attempts, first_attempt_at=timezone.now())
    deliveries.judge_failure(message, Answer(429, said), "", 0)
    message.refresh_from_db()
    assert message.next_attempt_at is not None
    assert seconds - 5 < (message.next_attempt_at - timezone.now()).total_seconds() <= seconds * 1.1


def test_when_a_message_was_first_tried_stays_as_it_is(webhook: Webhook) -> None:
    first = timezone.now() - 72 * HOUR
    tried, new = waiting(webhook, attempts=1, first_attempt_at=first), waiting(webhook)
    before = timezone.now()
    for message in (tried, new):
        deliveries.deliver(message)
        message.refresh_from_db()
    assert (tried.first_attempt_at, tried.attempts, new.attempts) == (first, 2, 1)
    assert new.first_attempt_at is not None
    assert before <= new.first_attempt_at <= timezone.now()


def give_up(message: WebhookDelivery, answer: Answer | None, error: str = "") -> Webhook:
    """Fail a message for the last time, and return the webhook."""
    message.attempts = 3
    deliveries.judge_failure(message, answer, error, 0)
    return Webhook.objects.get()


@pytest.mark.parametrize(("ago", "is_paused"), [(None, True), (100 * HOUR, True), (HOUR, False), (timedelta(0), False)])
def test_a_webhook_is_paused_where_nothing_came_through_since_the_message_was_first_tried(
    webhook: Webhook, ago: timedelta | None, *, is_paused: bool
) -> None:
    now = timezone.now()
    if ago is not None:
        waiting(webhook, status="delivered", delivered_at=now - ago)
    found = give_up(waiting(webhook, first_attempt_at=now - 72 * HOUR), Answer(500))
    assert (found.paused_at is not None, found.pause_reason) == (is_paused, "500" if is_paused else "")


def test_what_came_through_to_another_webhook_counts_for_nothing(webhook: Webhook, integration: Any) -> None:
    other = make(Webhook, user=integration, url="http://127.0.0.1:9/", secret=b"secret")
    waiting(other, status="delivered", delivered_at=timezone.now())
    message = waiting(webhook, first_attempt_at=timezone.now() - HOUR, attempts=3)
    deliveries.judge_failure(message, Answer(500), "", 0)
    webhook.refresh_from_db()
    assert webhook.pause_reason == "500"


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [(Answer(503), "", "503"), (None, "The name cannot be resolved.", "The name cannot be resolved."), (None, "", "")],
)
def test_a_pause_says_why(webhook: Webhook, answer: Any, error: str, reason: str) -> None:
    found = give_up(waiting(webhook, first_attempt_at=timezone.now()), answer, error)
    assert (found.pause_reason, found.paused_at is None) == (reason, False)


def test_a_pause_keeps_its_first_reason_and_fits(webhook: Webhook) -> None:
    actions.pause(webhook=webhook, reason="x" * 300)
    actions.pause(webhook=webhook, reason="later")
    assert webhook.pause_reason == "x" * 200
    assert webhook.paused_at is not None


def test_whoever_waits_behind_a_failure_waits_as_long(webhook: Webhook, settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["100", "100"]
    record, other = webhook.pk, webhook.user_id
    first = waiting(webhook, record=record, sequence=1, attempts=1)
    later, elsewhere = waiting(webhook, record=record, sequence=2), waiting(webhook, record=other, sequence=3)
    deliveries.judge_failure(first, Answer(500), "", 0)
    times = dict(WebhookDelivery.objects.values_list("pk", "next_attempt_at"))
    assert times[later.pk] == times[first.pk] is not None
    assert times[elsewhere.pk] is None


def test_resuming_forgets_failures_and_tries_all_at_once(webhook: Webhook, client: Any) -> None:
    future = timezone.now() + HOUR
    Webhook.objects.update(paused_at=timezone.now(), pause_reason="500", failures=4, retry_at=future)
    first, ended = waiting(webhook, next_attempt_at=future), waiting(webhook, status="failed")
    assert client.post(f"{WEBHOOKS}/{webhook.pk}/resume").json()["paused_at"] is None
    assert Webhook.objects.values_list("pause_reason", "failures", "retry_at").get() == ("", 0, None)
    first.refresh_from_db()
    ended.refresh_from_db()
    assert (first.next_attempt_at, ended.status) == (None, "failed")


def test_what_is_replayed_begins_anew(webhook: Webhook, client: Any) -> None:
    now = timezone.now()
    old = {"first_attempt_at": now - HOUR, "delivered_at": now, "next_attempt_at": now}
    message = waiting(webhook, status="failed", attempts=3, record=webhook.pk, sequence=1, **old)
    behind = waiting(webhook, record=webhook.pk, sequence=2, next_attempt_at=now + HOUR)
    Webhook.objects.update(failures=2, retry_at=now + HOUR)
    assert client.post(f"{WEBHOOKS}/{webhook.pk}/deliveries/{message.pk}/replay").status_code == 202
    for one in (message, behind):
        one.refresh_from_db()
    assert (message.status, message.attempts, message.first_attempt_at) == ("waiting", 0, None)
    assert (message.next_attempt_at, message.delivered_at, behind.next_attempt_at) == (None, None, None)
    found = Webhook.objects.get()
    assert found.retry_at is not None
    assert (found.failures, found.retry_at <= timezone.now()) == (2, True)


@pytest.mark.parametrize(("change", "kept"), [({"body": {"data": None}}, {}), ({}, {"x-said": "yes"})])
def test_what_a_receiver_answered_to_what_was_erased_meanwhile_is_not_kept(
    webhook: Webhook, change: dict[str, Any], kept: dict[str, str]
) -> None:
    waiting(webhook, body={"data": "of another"})
    message = waiting(webhook)
    WebhookDelivery.objects.filter(pk=message.pk).update(attempts=1, **change)
    said = {"response_headers": {"x-said": "yes"}, "response_body": "yes" * bool(kept)}
    deliveries.log(WebhookAttempt(delivery=message, milliseconds=1, status=200, request_headers={}, **said))
    assert WebhookAttempt.objects.values_list("response_headers", "response_body").get() == (kept, "yes" * bool(kept))


def test_what_is_being_erased_is_waited_for_before_an_answer_is_kept(webhook: Webhook) -> None:
    message = waiting(webhook)
    attempt = WebhookAttempt(delivery=message, milliseconds=1, status=200, request_headers={}, response_body="yes")

    def log() -> None:
        try:
            deliveries.log(attempt)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            WebhookDelivery.objects.update(body={"data": None})
            other = pool.submit(log)
            wait_until(lambda: somebody_waits() or other.done())
        other.result()
    assert WebhookAttempt.objects.get().response_body == ""


def test_a_message_that_was_deleted_meanwhile_stays_so(webhook: Webhook) -> None:
    message = waiting(webhook)
    WebhookDelivery.objects.all().delete()
    deliveries.log(WebhookAttempt(delivery=message, milliseconds=1, status=200, request_headers={}))
    deliveries.keep(message, status="delivered")
    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()


def test_the_log_keeps_what_was_answered(subscribe: Any, receiver: Any) -> None:
    subscribe()
    said = b"HTTP/1.1 202 Taken\r\nX-Queue: 7\r\nContent-Length: 5\r\n\r\nlater"
    receiver.behave = lambda handler, _count: handler.wfile.write(said) * 0
    make(Customer)
    work()
    found = WebhookAttempt.objects.values_list("status", "error", "response_headers", "response_body").get()
    assert found == (202, "", {"X-Queue": "7", "Content-Length": "5"}, "later")


def test_the_log_keeps_the_beginning_of_why_nothing_was_answered(subscribe: Any, receiver: Any, settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["1000"]
    subscribe()
    receiver.behave = lambda handler, _count: handler.wfile.write(b"x" * 400 + b"\r\n\r\n") * 0
    make(Customer)
    work()
    found = WebhookAttempt.objects.values_list("status", "error", "response_headers", "response_body").get()
    assert found == (None, "x" * 300, {}, "")


def test_the_log_keeps_the_beginning_of_what_is_long() -> None:
    assert deliveries.kept_headers({"a\x00": "v" * 600}) == {"a\ufffd": "v" * 500}
    assert deliveries.readable(b"b" * 20_000) == "b" * 10_000
    assert deliveries.readable(b"\xff\x00") == "\ufffd\ufffd"
