"""Refuses to start with a reporting currency that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core import checks

from crm.currencies import CURRENCIES, reporting_currency

if TYPE_CHECKING:
    from collections.abc import Sequence


@checks.register(checks.Tags.security)
def known_reporting_currency(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is wrong with REPORTING_CURRENCY; a system check of every command."""
    if reporting_currency() in CURRENCIES:
        return []
    return [checks.Error("REPORTING_CURRENCY is no currency code of ISO 4217 in use, such as EUR.", id="sales.E001")]
