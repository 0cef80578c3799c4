"""The document that a running installation serves knows the custom fields as they are now."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import CustomField
from tests.custom.fields import add

pytestmark = pytest.mark.django_db


def document(client: Any) -> Any:
    return client.get("/api/schema", {"format": "json"}).json()


def test_it_describes_each_field_with_its_type_and_limits(client_without_token: Any) -> None:
    add("staff", "number", min_value=1, help_text="How many work there.")
    add("size", "choice", choices=["s", "l"], default="s")
    custom = document(client_without_token)["components"]["schemas"]["Customer"]["properties"]["custom"]
    assert custom["properties"]["staff"] == {"type": "number", "minimum": 1, "description": custom_words("staff")}
    assert custom["properties"]["size"]["examples"] == ["s", "l"]
    assert custom["properties"]["size"]["default"] == "s"
    assert custom["additionalProperties"] is False


def custom_words(name: str) -> str:
    return f"{name}. How many work there."


def test_it_follows_every_change(client_without_token: Any) -> None:
    field = add("staff", "number")
    assert "staff" in properties(client_without_token)
    CustomField.objects.filter(pk=field.pk).update(is_active=False)
    assert properties(client_without_token) == {}


def properties(client: Any) -> Any:
    return document(client)["components"]["schemas"]["CustomerPatch"]["properties"]["custom"]["properties"]


def test_it_has_the_filters(client_without_token: Any) -> None:
    add("staff", "number")
    listed = document(client_without_token)["paths"]["/api/v1/customers"]["get"]["parameters"]
    names = [one["name"] for one in listed if one.get("name", "").startswith("custom.")]
    assert names == [f"custom.staff{end}" for end in ("", "__gt", "__gte", "__lt", "__lte", "__in", "__isnull")]
