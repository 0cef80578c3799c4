"""Signatures after Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, in base64."""

from __future__ import annotations

import base64
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from crm.secrets import seal, unseal

if TYPE_CHECKING:
    from crm.models import Webhook

PREFIX: Final = "whsec_"
BYTES: Final = 32


def new_secret() -> str:
    """Return a secret as receivers configure it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def sealed(secret: str) -> bytes:
    """Return a secret as it is stored."""
    return seal(secret.encode())


def valid_secrets(webhook: Webhook) -> list[str]:
    """Return the secret, and its predecessor as long as that counts."""
    found = [unseal(bytes(webhook.secret)).decode()]
    if webhook.previous_secret and webhook.previous_until and webhook.previous_until > timezone.now():
        found.append(unseal(bytes(webhook.previous_secret)).decode())
    return found


def is_secret_of(webhook: Webhook, secret: str) -> bool:
    """Tell whether a text is the present secret of a webhook."""
    return hmac.compare_digest(unseal(bytes(webhook.secret)), secret.encode())


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return one signature of a message, such as `v1,…`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(webhook: Webhook, message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows a message; while two secrets count, it is signed with both."""
    signatures = [signature(secret, message, timestamp, body) for secret in valid_secrets(webhook)]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
