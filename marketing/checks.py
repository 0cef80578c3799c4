"""Refuses to start where no message of a campaign could be signed, or come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks

from crm.plus_addresses import LONGEST
from marketing.mail import dkim

if TYPE_CHECKING:
    from collections.abc import Sequence


@checks.register(checks.Tags.security)
def mail(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Return what is wrong with DKIM_KEY and MARKETING_BOUNCE_ADDRESS; a system check of every command."""
    found: list[checks.CheckMessage] = []
    if dkim.is_configured():
        try:
            dkim.signature(b"From: crm@example.com\r\n\r\n")
        except dkim.Unsigned as error:
            found.append(checks.Error(f"DKIM_KEY signs nothing: {error}", id="marketing.E001"))
    parts = {name: getattr(settings, name) for name in ("DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY")}
    if any(parts.values()) and not all(parts.values()):
        text = f"Not one of {', '.join(parts)} does without the others; set all three, or none."
        found.append(checks.Error(text, id="marketing.E003"))
    name, at, _host = settings.MARKETING_BOUNCE_ADDRESS.rpartition("@")
    if settings.MARKETING_BOUNCE_ADDRESS and (not at or len(name) > LONGEST):
        text = f"MARKETING_BOUNCE_ADDRESS must be an address with at most {LONGEST} characters before its @."
        found.append(checks.Error(text, id="marketing.E002"))
    return found
