"""Makes custom fields of customers."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType

from crm.models import CustomField
from customers.models import Customer

CUSTOMERS = "/api/v1/customers"
FIELDS = "/api/v1/custom-fields"
MERGE_PATCH = "application/merge-patch+json"


def add(name: str, kind: str = "text", **options: Any) -> CustomField:
    """Add a field to customers."""
    field = CustomField(
        content_type=ContentType.objects.get_for_model(Customer), name=name, label=name, type=kind, **options
    )
    field.full_clean()
    field.save()
    return field


def faults(answer: Any) -> list[tuple[str, str]]:
    """Return what a refusal says is wrong where."""
    return [(item.get("pointer") or item.get("parameter"), item["code"]) for item in answer.json()["errors"]]
