"""Which scopes there are."""

from __future__ import annotations

from typing import cast

from django.conf import settings


def sentences() -> dict[str, str]:
    """Return what each scope allows, in words."""
    return cast("dict[str, str]", settings.SCOPES)


def known_scopes() -> list[str]:
    """Return the names of all scopes."""
    return list(sentences())
