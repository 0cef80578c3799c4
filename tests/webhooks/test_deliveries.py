"""What is sent, how it is signed, and what happens when it does not arrive."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from crm.models import Webhook, WebhookAttempt, WebhookDelivery
from crm.webhooks.feeding import feed_all
from customers.models import Customer, Interaction
from tests.feed import settle
from tests.samples import make
from tests.webhooks.conftest import WEBHOOKS, work


@pytest.fixture(autouse=True)
def schedule(settings: Any) -> None:
    settings.WEBHOOK_RETRIES = ["0", "0"]


def test_a_change_is_sent_and_signed(subscribe: Any, receiver: Any, client: Any) -> None:
    webhook = subscribe()
    created = client.post("/api/v1/customers", {"name": "Ada"}).json()
    work()
    ((headers, body),) = receiver.got
    message = Verifier(webhook["secret"]).verify(body, headers)
    assert (message["type"], message["data"]["record"]) == ("customers.created", created["id"])
    assert message["data"]["after"]["name"] == "Ada"
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook["secret"]).verify(body + b" ", headers)


def test_what_was_before_the_subscription_is_not_sent(subscribe: Any, receiver: Any) -> None:
    make(Customer)
    settle()
    subscribe()
    work()
    assert receiver.got == []


def test_only_what_was_subscribed_to_is_sent(subscribe: Any, receiver: Any) -> None:
    subscribe(resources=["interactions"], actions=["deleted"])
    interaction = make(Interaction)
    key = str(interaction.pk)
    interaction.delete()
    work()
    assert [(one["resource"], one["action"], one["record"]) for one in receiver.changes()] == [
        ("interactions", "deleted", key)
    ]


def test_another_teams_changes_are_not_sent(api_client: Any, make_user: Any, make_team: Any, receiver: Any) -> None:
    north = make_team("North")
    seller = make_user("Sales representative", team=north)
    api_client(seller, "webhooks:manage", "customers:read").post(WEBHOOKS, {"url": receiver.url})
    own = make(Customer, team=north)
    make(Customer, team=make_team("South"))
    work()
    assert [one["record"] for one in receiver.changes()] == [str(own.pk)]


def test_what_fails_is_sent_again_under_the_same_id(subscribe: Any, receiver: Any) -> None:
    subscribe()
    tries: list[str] = []

    def fail_once(handler: Any, _count: int) -> int:
        tries.append(handler.headers["webhook-id"])
        return 500 if len(tries) == 1 else 200

    receiver.behave = fail_once
    make(Customer)
    work()
    time.sleep(0.1)
    work()
    assert len(receiver.got) == 1
    assert len(set(tries)) == 1
    assert list(WebhookAttempt.objects.order_by("id").values_list("status", flat=True)) == [500, 200]


def test_a_redirect_is_not_followed(subscribe: Any, receiver: Any, client: Any) -> None:
    webhook = subscribe()
    receiver.behave = lambda _handler, _count: 302
    make(Customer)
    for _number in range(4):
        work()
    delivery = client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries").json()["results"][0]
    assert (delivery["status"], delivery["attempts"]) == ("failed", 3)


def test_a_webhook_to_which_nothing_comes_through_is_paused_and_resumed(
    subscribe: Any, receiver: Any, client: Any
) -> None:
    webhook = subscribe()
    receiver.behave = lambda _handler, _count: 500
    make(Customer)
    for _number in range(4):
        work()
    found = client.get(f"{WEBHOOKS}/{webhook['id']}").json()
    assert (found["pause_reason"], found["paused_at"] is None) == ("500", False)
    receiver.behave = lambda _handler, _count: 200
    later = make(Customer)
    work()
    assert receiver.got == []
    client.post(f"{WEBHOOKS}/{webhook['id']}/resume")
    work()
    assert [one["record"] for one in receiver.changes()] == [str(later.pk)]


def test_a_receiver_that_is_gone_is_not_asked_again(subscribe: Any, receiver: Any) -> None:
    subscribe()
    receiver.behave = lambda _handler, _count: 410
    make(Customer)
    make(Customer)
    for _number in range(3):
        work()
    assert Webhook.objects.get().pause_reason == "410 Gone"
    assert WebhookDelivery.objects.filter(status="waiting").count() == 2


def test_changes_of_one_record_wait_for_each_other(subscribe: Any, receiver: Any) -> None:
    subscribe()
    customer = make(Customer, name="0")
    for number in range(1, 4):
        customer.name = str(number)
        customer.save()
    refused: list[int] = []

    def fail_twice(_handler: Any, _count: int) -> int:
        refused.append(1)
        return 503 if len(refused) < 3 else 200

    receiver.behave = fail_twice
    while len(receiver.got) < 4:
        work()
    assert [one["after"]["name"] for one in receiver.changes()] == ["0", "1", "2", "3"]


def test_while_a_secret_rotates_both_count(subscribe: Any, receiver: Any, client: Any) -> None:
    webhook = subscribe()
    secret = client.post(f"{WEBHOOKS}/{webhook['id']}/rotate-secret").json()["secret"]
    make(Customer)
    work()
    for one in (webhook["secret"], secret):
        headers, body = receiver.got[0]
        Verifier(one).verify(body, headers)
    Webhook.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    make(Customer)
    work()
    headers, body = receiver.got[1]
    Verifier(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook["secret"]).verify(body, headers)


def test_a_test_message_can_be_asked_for(subscribe: Any, receiver: Any, client: Any) -> None:
    webhook = subscribe()
    answer = client.post(f"{WEBHOOKS}/{webhook['id']}/test")
    work()
    headers, body = receiver.got[0]
    assert answer.status_code == 202
    assert Verifier(webhook["secret"]).verify(body, headers)["type"] == "webhook.test"


def test_a_message_and_a_span_are_sent_again_under_their_ids(subscribe: Any, receiver: Any, client: Any) -> None:
    begun = timezone.now().isoformat()
    webhook = subscribe()
    make(Customer)
    work()
    address = f"{WEBHOOKS}/{webhook['id']}"
    delivery = client.get(f"{address}/deliveries").json()["results"][0]["id"]
    client.post(f"{address}/deliveries/{delivery}/replay")
    work()
    span = {"start": begun, "end": (timezone.now() + timedelta(minutes=1)).isoformat()}
    assert client.post(f"{address}/replay", span).json() == {"messages": 1}
    work()
    assert len(receiver.got) == 3
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1


def test_the_log_shows_request_and_response_but_no_secret(subscribe: Any, client: Any) -> None:
    webhook = subscribe()
    make(Customer)
    work()
    address = f"{WEBHOOKS}/{webhook['id']}/deliveries"
    (listed,) = client.get(address, {"status": "delivered"}).json()["results"]
    answer = client.get(f"{address}/{listed['id']}")
    (attempt,) = answer.json()["tries"]
    assert (attempt["status"], attempt["request_headers"]["webhook-id"][:4]) == (200, "msg_")
    assert webhook["secret"] not in answer.content.decode()
    assert client.get(address, {"status": "waiting"}).json()["results"] == []
    assert client.get(address, {"status": "x"}).status_code == 400


def test_a_disabled_account_hears_nothing(subscribe: Any, receiver: Any, integration: Any) -> None:
    subscribe()
    integration.is_active = False
    integration.save()
    make(Customer)
    work()
    assert receiver.got == []
    assert Webhook.objects.get().paused_at is not None


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 No\r\nX-A: a\x00b\r\n\r\n", b"\x00no HTTP\r\n\r\n"])
def test_an_answer_that_the_database_cannot_keep_is_a_failure_like_others(
    subscribe: Any, receiver: Any, client: Any, answer: bytes
) -> None:
    webhook = subscribe()
    receiver.behave = lambda handler, _count: handler.wfile.write(answer) * 0
    make(Customer)
    for _number in range(4):
        work()
    delivery = client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries").json()["results"][0]
    assert (delivery["status"], delivery["attempts"]) == ("failed", 3)
    assert "\ufffd" in str(list(WebhookAttempt.objects.values_list("error", "response_headers")))


def test_messages_let_other_work_pass(subscribe: Any) -> None:
    subscribe()
    make(Customer)
    settle()
    feed_all()
    assert set(ProcrastinateJob.objects.filter(queue_name="webhooks").values_list("priority", flat=True)) == {-1}
