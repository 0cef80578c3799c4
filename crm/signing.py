"""Signatures that live as long as what carries them is promised to: links in mails, addresses, snippets on web sites.

They are made with LINK_KEYS, so that a SECRET_KEY can be dropped a fortnight after it was changed. What was signed with
a secret key before is good as long as that is known, as a link key or as a secret one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing

if TYPE_CHECKING:
    from datetime import timedelta


def keys() -> list[str]:
    """Return the keys of which the first signs and all verify."""
    return [*settings.LINK_KEYS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def signer(salt: str) -> signing.TimestampSigner:
    """Return what signs for one purpose, with the time at which it did."""
    return signing.TimestampSigner(key=keys()[0], fallback_keys=[*keys()[1:]], salt=salt)


def untimed_signer(salt: str) -> signing.Signer:
    """Return what signs for one purpose, for ever."""
    return signing.Signer(key=keys()[0], fallback_keys=[*keys()[1:]], salt=salt)


def dumps(said: Any, *, salt: str, compress: bool = False) -> str:
    """Return what is said as a signed token."""
    return signer(salt).sign_object(said, compress=compress)


def loads(token: str, *, salt: str, max_age: timedelta | None = None) -> Any:
    """Return what a token says; raise django.core.signing.BadSignature, or SignatureExpired where it is older."""
    return signer(salt).unsign_object(token, max_age=max_age)


def cookie_signer(name: str, salt: str) -> signing.TimestampSigner:
    """Return what signs a cookie that outlives a secret key, as Django's `set_signed_cookie` would."""
    first, *others = (f"django.http.cookies{key}" for key in keys())
    return signing.TimestampSigner(
        key=first, fallback_keys=[*others], salt=f"django.http.cookies.v2:{len(salt)}:{salt}{name}"
    )
