"""Sealed content."""

from __future__ import annotations

from typing import Any

import pytest

from crm.secrets import Unreadable, seal, unseal


def test_what_was_sealed_is_read_again() -> None:
    assert unseal(seal(b"secret")) == b"secret"
    assert b"secret" not in seal(b"secret")


def test_a_predecessor_of_the_key_still_reads(settings: Any) -> None:
    sealed = seal(b"secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]
    assert unseal(sealed) == b"secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        unseal(sealed)


def test_what_was_changed_is_refused() -> None:
    with pytest.raises(Unreadable):
        unseal(seal(b"secret")[:-2])
