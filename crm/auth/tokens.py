"""Access tokens: JWTs after RFC 9068, minted by simplejwt."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import jwt
from django.conf import settings
from jwt.utils import base64url_decode
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend as SimpleBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from crm.auth.keys import Key
    from crm.models import Application, User

TYPES: Final = {"at+jwt", "application/at+jwt"}
CLAIMS: Final = ["iss", "aud", "sub", "client_id", "scope", "jti", "iat", "exp"]
MAX_HEADER: Final = 400
PATHS: Final = ("/api/v1", "/api/v1/", "/api", "/api/", "", "/")

decoder = jwt.PyJWT()


def resources() -> tuple[str, ...]:
    """Return the names under which a client may ask for tokens for this API (RFC 8707); the first is its own."""
    return _resources(settings.BASE_URL)


@cache
def _resources(base: str) -> tuple[str, ...]:
    return tuple(base + path for path in PATHS)


class TokenBackend(SimpleBackend):
    """Signs with one key, verifies with those of JWT_KEYS."""

    def __init__(self, key: Key) -> None:
        """Take the key that signs."""
        super().__init__(key.algorithm, signing_key=key.signing, verifying_key=key.verifying)  # type: ignore[arg-type]
        self.key = key

    def encode(self, payload: dict[str, Any]) -> str:
        """Return the signed token, whose header says that it is an access token (RFC 9068, section 2.1)."""
        headers = {"typ": "at+jwt", "kid": self.key.id}
        return jwt.encode(payload, self.prepared_signing_key, self.algorithm, headers)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 -- simplejwt's signature
        """Return the claims of a valid token; raise simplejwt's TokenBackendError for any other."""
        return claims_of(token, verify=verify)

    @property
    def prepared_key(self) -> Any:
        """Return the key that verifies, in the form that PyJWT wants."""
        return self.prepared_signing_key if self.algorithm == "HS256" else self.prepared_verifying_key


@cache
def backend_of(key: Key) -> TokenBackend:
    """Return the backend of a key, prepared once."""
    return TokenBackend(key)


@lru_cache(maxsize=64)
def verifier(header: str, keys: Sequence[Key]) -> TokenBackend | None:
    """Return what verifies tokens with this encoded header; None where its type, key or algorithm is not ours."""
    if len(header) > MAX_HEADER:
        return None
    try:
        found = json.loads(base64url_decode(header))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or str(found.get("typ")).lower() not in TYPES:
        return None
    matching = (key for key in keys if key.id == found.get("kid") and key.algorithm == found.get("alg"))
    return next((backend_of(key) for key in matching), None)


def claims_of(token: Any, *, verify: bool = True) -> dict[str, Any]:
    """Return the claims of a valid token, whichever of JWT_KEYS signed it; raise simplejwt's TokenBackendError else."""
    backend = verifier(str(token).partition(".")[0], settings.JWT_KEYS)
    if backend is None:
        raise TokenBackendError("The token is of an unknown kind or key.")
    try:
        return decoder.decode(
            token,
            backend.prepared_key,
            algorithms=[backend.algorithm],
            audience=resources(),
            issuer=settings.BASE_URL,
            options={"require": CLAIMS, "verify_signature": verify},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenBackendExpiredToken("The token has expired.") from error
    except jwt.InvalidAudienceError as error:
        raise TokenBackendError("The token is for another audience.") from error
    except jwt.InvalidIssuerError as error:
        raise TokenBackendError("The token is from another issuer.") from error
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise TokenBackendError("The token is not valid.") from error


class AccessToken(tokens.AccessToken):
    """An access token after RFC 9068: `iss aud sub client_id scope jti iat exp`."""

    def __init__(self, token: Any = None, verify: bool = True) -> None:  # noqa: FBT001, FBT002 -- simplejwt's signature
        """Take an encoded token to verify, or nothing to make a new one."""
        super().__init__(token, verify)
        self.payload.pop("token_type", None)

    @property
    def lifetime(self) -> timedelta:  # type: ignore[override]  # simplejwt's own setting is read once
        """How long the token lives, as the setting says."""
        lifetime: timedelta = settings.ACCESS_TOKEN_LIFETIME
        return lifetime

    def get_token_backend(self) -> TokenBackend:
        """Return the backend of the key that signs."""
        return backend_of(settings.JWT_KEYS[0])

    def verify_token_type(self) -> None:
        """Leave it to the header's `typ`, which the backend has checked."""


def mint(*, user: User, application: Application, scopes: Sequence[str], audience: Sequence[str] = ()) -> str:
    """Return a new access token; whoever calls stores it, without which it is worth nothing."""
    token = AccessToken()
    token["iss"] = settings.BASE_URL
    named = audience or resources()[:1]
    token["aud"] = named[0] if len(named) == 1 else list(named)
    token["sub"] = str(user.pk)
    token["client_id"] = application.client_id
    token["scope"] = " ".join(scopes)
    return str(token)
