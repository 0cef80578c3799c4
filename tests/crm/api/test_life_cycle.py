import datetime
from typing import Any

import pytest

from crm.api.views import Deprecation
from customers.api import CustomerViewSet

pytestmark = pytest.mark.django_db


def test_what_will_go_is_announced(api_client: Any, integration: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    since = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    until = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    monkeypatch.setattr(CustomerViewSet, "deprecation", Deprecation(since, until, "https://example.com/guide"))
    answer = api_client(integration, "customers:read").get("/api/v1/customers")
    assert answer.headers["Deprecation"] == "@1767225600"
    assert answer.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
    assert answer.headers["Link"] == '<https://example.com/guide>; rel="deprecation"'
