"""Links from one page of the staff site to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.admin.utils import quote
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.db.models import Model


def link_to(record: Model | None, *, label: str = "") -> str:
    """Return a link to the page of `record`; empty for none, text where it has no page."""
    if record is None:
        return ""
    options = record._meta
    try:
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=(quote(record.pk),))
    except NoReverseMatch:
        return label or str(record)
    return format_html('<a href="{}" class="text-link">{}</a>', address, label or record)
