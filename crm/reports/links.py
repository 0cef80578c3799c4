"""Where rows of reports lead: to the list of what they count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model


def list_of(model: type[Model], lookups: Mapping[str, Any]) -> str:
    """Return the address of the list of a model in the staff site, narrowed by lookups; empty where there is none."""
    if not admin.site.is_registered(model):
        return ""
    options = model._meta
    address = reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
    return f"{address}?{urlencode({name: value for name, value in lookups.items() if value not in {None, ''}})}"
