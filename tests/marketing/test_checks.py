"""Nothing starts with mail that could not leave as it is meant to."""

from __future__ import annotations

from typing import Any

import pytest

from marketing import checks

UNUSABLE: dict[str, tuple[dict[str, str], str]] = {
    "a key that signs nothing": (
        {"DKIM_DOMAIN": "shop.example", "DKIM_SELECTOR": "crm", "DKIM_KEY": "nonsense"},
        "DKIM_KEY signs nothing: Private key not found",
    ),
    "a bounce address without room": (
        {"MARKETING_BOUNCE_ADDRESS": f"{'a' * 22}@shop.example"},
        "MARKETING_BOUNCE_ADDRESS must be an address with at most 21 characters before its @.",
    ),
}


@pytest.mark.parametrize(("changes", "said"), UNUSABLE.values(), ids=list(UNUSABLE))
def test_what_is_unusable_is_found(settings: Any, changes: dict[str, str], said: str) -> None:
    assert checks.mail(None) == []
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [one.msg for one in checks.mail(None)] == [said]
