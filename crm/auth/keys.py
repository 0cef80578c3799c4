"""The keys that sign and verify access tokens: a JWK Set (RFC 7517), or one made of SECRET_KEY."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHMS: Final = {"oct": "HS256", "RSA": "RS256", "EC": "ES256"}
MIN_SECRET_BYTES: Final = 32
MIN_RSA_BITS: Final = 2048
PURPOSE: Final = b"crm access tokens"


@dataclass(frozen=True)
class Key:
    """One key: its `kid`, its algorithm, and its two halves, as bytes or PEM; one that only verifies has no first."""

    id: str
    algorithm: str
    signing: bytes = field(repr=False)
    verifying: bytes = field(repr=False)
    public: dict[str, Any] | None = field(default=None, compare=False)


def read(text: str, secret: str, fallbacks: Sequence[str] = ()) -> tuple[Key, ...]:
    """Return the keys of a JWK Set, of which the first signs and all verify; without one, keys made of the secrets.

    ImproperlyConfigured is raised where the set cannot be used.
    """
    if not text:
        return tuple(of_secret(value) for value in (secret, *fallbacks))
    try:
        keys = tuple(of_jwk(item) for item in json.loads(text)["keys"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"JWT_KEYS is not a JWK Set of oct, RSA and P-256 keys: {error}"
        raise ImproperlyConfigured(message) from error
    if not keys or not keys[0].signing:
        message = "The first key of JWT_KEYS must be a private one: it signs."
        raise ImproperlyConfigured(message)
    return keys


def of_secret(secret: str) -> Key:
    """Return the HS256 key made of a secret, from which nobody finds the secret."""
    value = hmac.digest(secret.encode(), PURPOSE, "sha256")
    return Key(symmetric_id(value), "HS256", value, value)


def symmetric_id(value: bytes) -> str:
    """Return a name for a symmetric key that gives nothing of it away."""
    return hmac.new(value, b"kid", hashlib.sha256).hexdigest()[:16]


def of_jwk(item: dict[str, Any]) -> Key:
    """Return a key from its JWK; raise ValueError where it is too weak or of another kind."""
    from jwcrypto.common import JWException
    from jwcrypto.jwk import JWK

    try:
        jwk = JWK(**item)
    except JWException as error:
        raise ValueError(str(error)) from error
    algorithm = ALGORITHMS.get(item["kty"], "")
    if item.get("alg", algorithm) != algorithm or item.get("crv", "P-256") != "P-256":
        message = f"{item['kty']} keys sign by {algorithm or 'nothing known here'}."
        raise ValueError(message)
    if algorithm == "HS256":
        return of_octets(jwk.get_op_key("sign"))
    if algorithm == "RS256" and jwk.get_op_key("verify").key_size < MIN_RSA_BITS:
        message = f"An RSA key needs {MIN_RSA_BITS} bits."
        raise ValueError(message)
    name = str(jwk.thumbprint())
    return Key(
        name,
        algorithm,
        signing=jwk.export_to_pem(private_key=True, password=None) if jwk.has_private else b"",
        verifying=jwk.export_to_pem(),
        public={**jwk.export_public(as_dict=True), "kid": name, "use": "sig", "alg": algorithm},
    )


def of_octets(encoded: str) -> Key:
    """Return the HS256 key of a JWK's `k`."""
    from jwcrypto.common import base64url_decode

    value = base64url_decode(encoded)
    if len(value) < MIN_SECRET_BYTES:
        message = f"A symmetric key needs {MIN_SECRET_BYTES} bytes."
        raise ValueError(message)
    return Key(symmetric_id(value), "HS256", value, value)


def first_rsa(keys: Sequence[Key]) -> str:
    """Return the private RSA key that signs identity tokens, as PEM; empty where there is none."""
    return next((key.signing.decode() for key in keys if key.algorithm == "RS256" and key.signing), "")
