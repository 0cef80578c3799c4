"""Characters that no text may hold: each of them, and none of their neighbours."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.api.characters import refuse_control_characters, without_control_characters
from customers.models import Customer
from tests.samples import make

pytestmark = pytest.mark.django_db
ALLOWED = "\t\n\r"
FORBIDDEN = [chr(code) for code in range(0x20) if chr(code) not in ALLOWED]
FORBIDDEN += ["\ufffe", "\uffff", "\ud800", "\udbff", "\udc00", "\udfff"]
NEIGHBOURS = [*ALLOWED, " ", "\x7f", "\x80", "\ufffd", "\ud7ff", "\ue000", "\ufdd0", "\U00010000", "\U0010ffff"]


@pytest.mark.parametrize("character", FORBIDDEN, ids=ascii)
def test_a_character_that_cannot_be_carried_is_refused(character: str) -> None:
    for text in (character, f"a{character}", f"{character}b", f"a\n{character}b"):
        with pytest.raises(ValidationError) as refusal:
            refuse_control_characters(text)
        assert refusal.value.code == "control_characters"
        assert without_control_characters(text) == text.replace(character, "\ufffd")


@pytest.mark.parametrize("character", NEIGHBOURS, ids=ascii)
def test_its_neighbours_are_taken(character: str) -> None:
    text = f"a{character}b"
    refuse_control_characters(text)
    assert without_control_characters(text) == text


@pytest.mark.parametrize("character", FORBIDDEN[:-4], ids=ascii)
def test_no_door_of_the_api_takes_it(api_client: Any, integration: Any, character: str) -> None:
    client = api_client(integration, "customers:read", "customers:write")
    customer = make(Customer, name="Ada")
    bad = {"name": f"A{character}da"}
    item = {"operation": "update", "id": str(customer.pk), "data": bad}
    answers = [
        client.patch(f"/api/v1/customers/{customer.pk}", bad).status_code,
        client.post("/api/v1/customers", {**bad, "kind": "person"}).status_code,
        client.post("/api/v1/customers/batch", {"items": [item]}).json()["results"][0]["status"],
    ]
    assert answers == [400, 400, 400]
    assert list(Customer.objects.values_list("name", flat=True)) == ["Ada"]
