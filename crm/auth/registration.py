"""Who may register an application by itself (RFC 7591)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import constant_time_compare

if TYPE_CHECKING:
    from django.http import HttpRequest


class HasInitialAccessToken:
    """Whoever shows the initial access token of the settings; nobody while there is none."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the Authorization header carries it."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        expected = settings.INITIAL_ACCESS_TOKEN
        return bool(expected) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), expected)
