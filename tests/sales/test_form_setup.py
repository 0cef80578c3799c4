"""Setting a form up: what contradicts itself is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from sales.models import LeadForm
from tests.sales.test_lead_forms import ANSWER, SITE, a_form

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "wrong",
    [
        {"allowed_origins": ["https://www.example.com/"]},
        {"allowed_origins": ["*"]},
        {"allowed_origins": ["https://a.example; script-src *"]},
        {"redirect_url": "https://evil.example/"},
        {"redirect_url": "javascript:alert(1)"},
        {"asked_fields": ["phone"]},
        {"required_fields": ["company"]},
        {"is_consent_required": True},
    ],
)
def test_a_form_that_contradicts_itself_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        a_form(**wrong)
    assert not LeadForm.objects.exists()


def test_managers_set_forms_up_over_rest(api_client: Any, make_user: Any) -> None:
    client = api_client(make_user("Sales manager"), "sales:read", "sales:write")
    made = client.post("/api/v1/lead-forms", {"name": "Fair", "title": "Hello", "allowed_origins": [SITE]})
    assert (made.status_code, made.json()["asked_fields"]) == (201, ["name", "email", "message"])
    assert Client().post(f"/forms/{made.json()['key']}", ANSWER).status_code == 303
    address = f"/api/v1/lead-forms/{made.json()['id']}"
    assert client.patch(address, {"redirect_url": "https://evil.example/"}).status_code == 422
    assert client.delete(address).status_code == 409
    assert LeadForm.objects.get().redirect_url == ""
