"""Sealing what must be kept but not be readable in the database: with keys made of SECRET_KEY and its predecessors."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """What was sealed was sealed with another key, or changed since."""


def seal(content: bytes) -> bytes:
    """Return the content encrypted and authenticated (Fernet)."""
    return box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(content)


def unseal(sealed: bytes) -> bytes:
    """Return what was sealed with today's key or one of its predecessors; raise Unreadable for anything else."""
    try:
        return box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise Unreadable from error


def is_sealed_now(sealed: bytes) -> bool:
    """Tell whether today's key reads it."""
    try:
        box(settings.SECRET_KEY).decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True


@lru_cache(maxsize=8)
def box(*secrets: str) -> MultiFernet:
    """Return what seals with the first secret and unseals with any."""
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derived(secret))) for secret in secrets])


def derived(secret: str) -> bytes:
    """Return a key for this purpose only (HKDF, RFC 5869)."""
    return HKDF(SHA256(), length=32, salt=None, info=b"crm.secrets").derive(secret.encode())
