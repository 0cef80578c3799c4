"""Signatures, to the byte, and secrets."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Webhook
from crm.webhooks import actions, signatures
from tests.samples import make

pytestmark = pytest.mark.django_db
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'


@pytest.fixture
def webhook(integration: Any) -> Webhook:
    made: Webhook = make(Webhook, user=integration, url="https://example.com", secret=signatures.sealed(SECRET))
    return made


def test_the_example_of_the_standard_comes_out() -> None:
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signatures.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY) == expected


@pytest.mark.parametrize(
    ("message", "timestamp", "body", "secret"),
    [
        ("msg_q", 1614265330, BODY, SECRET),
        ("msg_p", 1614265331, BODY, SECRET),
        ("msg_p", 1614265330, BODY + b" ", SECRET),
        ("msg_p", 1614265330, BODY, "whsec_AAAA"),
    ],
)
def test_every_part_is_signed(message: str, timestamp: int, body: bytes, secret: str) -> None:
    assert signatures.signature(SECRET, "msg_p", 1614265330, BODY) != signatures.signature(
        secret, message, timestamp, body
    )


def test_secrets_are_chance_of_32_bytes() -> None:
    first, second = signatures.new_secret(), signatures.new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_the_headers_are_those_of_the_standard(webhook: Webhook) -> None:
    expected = signatures.signature(SECRET, "msg_p", 1614265330, BODY)
    assert signatures.headers(webhook, "msg_p", 1614265330, BODY) == {
        "webhook-id": "msg_p",
        "webhook-timestamp": "1614265330",
        "webhook-signature": expected,
    }


def test_a_former_secret_counts_for_a_day(webhook: Webhook) -> None:
    now = timezone.now()
    secret = actions.rotate_secret(webhook=webhook, by=webhook.user)
    webhook.refresh_from_db()
    assert webhook.previous_until is not None
    assert abs((webhook.previous_until - now).total_seconds() - 24 * 3600) < 60
    assert signatures.valid_secrets(webhook) == [secret, SECRET]
    signed = signatures.headers(webhook, "msg_p", 1, BODY)["webhook-signature"].split()
    assert signed == [signatures.signature(one, "msg_p", 1, BODY) for one in (secret, SECRET)]


@pytest.mark.parametrize("until", [None, timedelta(0), timedelta(seconds=-1)])
def test_after_that_it_counts_no_more(webhook: Webhook, until: timedelta | None) -> None:
    webhook.previous_secret = signatures.sealed("whsec_AAAA")
    webhook.previous_until = None if until is None else timezone.now() + until
    assert signatures.valid_secrets(webhook) == [SECRET]
    webhook.previous_secret, webhook.previous_until = None, timezone.now() + timedelta(days=1)
    assert signatures.valid_secrets(webhook) == [SECRET]


@pytest.mark.parametrize(("microseconds", "counts"), [(1, True), (0, False), (-1, False)])
def test_a_former_secret_counts_to_its_last_moment(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, microseconds: int, *, counts: bool
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)  # nobody else meets the very microsecond
    webhook.previous_secret = signatures.sealed("whsec_AAAA")
    webhook.previous_until = now + timedelta(microseconds=microseconds)
    assert signatures.valid_secrets(webhook) == [SECRET, "whsec_AAAA"][: 1 + counts]


@pytest.mark.parametrize(
    ("said", "is_right"), [(SECRET, True), (SECRET[:-1], False), (f"{SECRET} ", False), ("", False), ("秘密", False)]
)
def test_the_present_secret_is_known_whole(webhook: Webhook, said: str, *, is_right: bool) -> None:
    webhook.previous_secret, webhook.previous_until = signatures.sealed("whsec_AAAA"), timezone.now() + timedelta(1)
    assert signatures.is_secret_of(webhook, said) is is_right
    assert not signatures.is_secret_of(webhook, "whsec_AAAA")
