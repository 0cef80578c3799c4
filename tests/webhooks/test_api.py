"""Webhooks over REST: whose they are, and what they refuse."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from crm.models import Webhook
from tests.webhooks.conftest import WEBHOOKS

MERGE_PATCH = "application/merge-patch+json"


def test_a_webhook_is_read_changed_and_deleted(subscribe: Any, client: Any) -> None:
    webhook = subscribe(description="Mirror")
    address = f"{WEBHOOKS}/{webhook['id']}"
    tag = client.get(address).headers["ETag"]
    patch = {"description": None, "resources": ["customers"], "actions": None}
    answer = client.patch(address, patch, content_type=MERGE_PATCH, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["description"], answer.json()["resources"]) == (200, "", ["customers"])
    assert client.patch(address, {}, content_type=MERGE_PATCH, headers={"If-Match": tag}).status_code == 412
    assert client.delete(address).status_code == 204
    assert not Webhook.objects.exists()


def test_the_secret_is_shown_once_and_kept_sealed(subscribe: Any, client: Any) -> None:
    webhook = subscribe()
    assert webhook["secret"].startswith("whsec_")
    assert webhook["secret"] not in client.get(WEBHOOKS).content.decode()
    assert webhook["secret"].encode() not in bytes(Webhook.objects.get().secret)


def test_a_webhook_of_somebody_else_does_not_exist(subscribe: Any, api_client: Any, make_user: Any) -> None:
    address = f"{WEBHOOKS}/{subscribe()['id']}"
    other = api_client(make_user("Integration"), "webhooks:manage")
    assert other.get(WEBHOOKS).json()["results"] == []
    for call in (other.get, other.delete):
        assert call(address).status_code == 404
    for verb in ("pause", "resume", "test", "rotate-secret", "replay"):
        assert (
            other.post(f"{address}/{verb}", {"start": "2026-01-01T00:00Z", "end": "2026-01-02T00:00Z"}).status_code
            == 404
        )
    assert other.get(f"{address}/deliveries/{uuid4()}").status_code == 404


def test_an_administrator_sees_all_webhooks(subscribe: Any, api_client: Any, make_user: Any) -> None:
    webhook = subscribe()
    client = api_client(make_user("Administrator"), "webhooks:manage")
    assert [one["id"] for one in client.get(WEBHOOKS).json()["results"]] == [webhook["id"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400),
        ({"url": "nowhere"}, 400),
        ({"url": "https://example.com", "resources": ["weddings"]}, 422),
        ({"url": "https://example.com", "actions": ["danced"]}, 400),
        ({"url": "https://example.com", "user": str(uuid4())}, 400),
        ({"url": "https://example.com", "secret": "mine"}, 400),
    ],
)
def test_what_is_no_webhook_is_refused(client: Any, body: dict[str, Any], code: int) -> None:
    assert client.post(WEBHOOKS, body).status_code == code
    assert not Webhook.objects.exists()


def test_a_token_without_the_scope_manages_nothing(api_client: Any, integration: Any) -> None:
    client = api_client(integration, "customers:read")
    assert client.get(WEBHOOKS).status_code == 403
    assert client.post(WEBHOOKS, {"url": "https://example.com"}).status_code == 403
