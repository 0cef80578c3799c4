"""Webhooks in the staff site."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Webhook, WebhookDelivery
from crm.secrets import unseal
from customers.models import Customer
from tests.feed import settle
from tests.samples import make
from tests.staff import form_of, page, signed_in, superuser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Any:
    return signed_in(superuser())


def made(client: Any) -> Webhook:
    form = {"url": "https://example.com/hook", "description": "Mirror", "resources": ["customers"], "actions": []}
    answer = client.post(page(Webhook, "add"), form, follow=True)
    assert "whsec_" in answer.content.decode()
    return Webhook.objects.get()


def act(client: Any, model: Any, action: str, *records: Any) -> Any:
    form = {"action": action, "_selected_action": [str(one.pk) for one in records]}
    return client.post(page(model, "changelist"), form, follow=True)


def test_a_webhook_is_made_and_its_secret_shown_once(client: Any) -> None:
    webhook = made(client)
    assert (webhook.resources, webhook.actions) == (["customers"], [])
    assert "customers:read" in webhook.scopes
    assert "whsec_" not in client.get(page(webhook, "change")).content.decode()


def test_a_webhook_is_paused_and_resumed(client: Any) -> None:
    webhook = made(client)
    act(client, Webhook, "pause", webhook)
    webhook.refresh_from_db()
    assert webhook.paused_at is not None
    act(client, Webhook, "resume", webhook)
    assert Webhook.objects.filter(paused_at=None, pause_reason="").count() == 1


def test_a_test_message_is_sent_and_sent_again(client: Any) -> None:
    webhook = made(client)
    act(client, Webhook, "send_test", webhook)
    delivery = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(status="failed")
    act(client, WebhookDelivery, "replay", delivery)
    delivery.refresh_from_db()
    assert delivery.status == "waiting"


def test_what_changed_in_a_span_is_sent_once_more(client: Any) -> None:
    webhook = made(client)
    make(Customer)
    address = f"/admin/crm/webhook/{webhook.pk}/replay/"
    span = {"start": "2026-01-01T00:00", "end": "2126-01-01T00:00"}
    assert "It ends before it begins." in client.post(address, {**span, "end": "2025-01-01T00:00"}).content.decode()
    assert client.post(address, {"start": "now", "end": "later"}).status_code == 200
    assert not WebhookDelivery.objects.exists()
    settle()
    assert "1 message." in client.post(address, span, follow=True).content.decode()
    assert WebhookDelivery.objects.get().event == "customers.created"


def test_another_address_needs_the_present_secret(client: Any) -> None:
    webhook = made(client)
    secret = unseal(bytes(webhook.secret)).decode()
    form = {**form_of(client, page(webhook, "change")), "url": "https://example.com/else", "actions": ["created"]}
    for shown in ("", "whsec_wrong"):
        answer = client.post(page(webhook, "change"), {**form, "present_secret": shown})
        assert "Show the present secret with a new address" in answer.content.decode()
    assert Webhook.objects.values_list("url", "actions").get() == ("https://example.com/hook", [])
    assert client.post(page(webhook, "change"), {**form, "present_secret": secret}).status_code == 302
    assert Webhook.objects.values_list("url", "actions").get() == ("https://example.com/else", ["created"])
    assert "customers:read" in Webhook.objects.get().scopes


def test_what_is_heard_changes_without_the_secret(client: Any) -> None:
    webhook = made(client)
    form = {**form_of(client, page(webhook, "change")), "description": "Other", "resources": ["leads"]}
    assert client.post(page(webhook, "change"), form).status_code == 302
    assert Webhook.objects.values_list("description", "resources").get() == ("Other", ["leads"])


def test_who_it_does_not_belong_to_changes_neither_target_nor_secret(client: Any) -> None:
    webhook = made(client)
    other = signed_in(superuser())
    text = other.get(page(webhook, "change")).content.decode()
    assert 'name="url"' not in text
    form = {"url": "https://example.com/else", "resources": ["leads"], "present_secret": "x"}
    assert other.post(page(webhook, "change"), form).status_code == 302
    shown = act(other, Webhook, "rotate_secret", webhook).content.decode()
    assert ("It belongs to another person or application." in shown, "whsec_" in shown) == (True, False)
    after = Webhook.objects.get()
    assert (after.url, after.resources, bytes(after.secret)) == (webhook.url, ["customers"], bytes(webhook.secret))


def test_a_new_secret_is_shown(client: Any) -> None:
    assert "whsec_" in act(client, Webhook, "rotate_secret", made(client)).content.decode()


def test_an_auditor_reads_and_changes_nothing(client: Any, make_user: Any) -> None:
    webhook = made(client)
    auditor = signed_in(make_user("Auditor", is_staff=True))
    assert auditor.get(page(Webhook, "changelist")).status_code == 200
    act(auditor, Webhook, "pause", webhook)
    webhook.refresh_from_db()
    assert webhook.paused_at is None
    assert auditor.get(page(Webhook, "add")).status_code == 403
