"""The language in which a customer is written to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from customers.models import Customer

TRANSLATED: Final = {"en": "en", "zh": "zh-hans"}


def language_of(customer: Customer) -> str:
    """Return the language of ours that a customer reads; empty where there is no translation, or none is known."""
    return TRANSLATED.get(customer.language.partition("-")[0].lower(), "")
