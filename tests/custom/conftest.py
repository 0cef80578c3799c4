"""Customers with custom fields, and who looks at them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.custom.fields import CUSTOMERS


@pytest.fixture
def client(api_client: Any, make_user: Any) -> Any:
    """Return a client of a program that reads and writes customers."""
    return api_client(make_user("Integration"), "customers:read", "customers:write", "directory:read")


@pytest.fixture
def administrator(api_client: Any, make_user: Any) -> Any:
    """Return a client of somebody who changes custom fields."""
    return api_client(make_user("Administrator"), "admin", "directory:read", "customers:read", "customers:write")


@pytest.fixture
def create(client: Any) -> Any:
    """Return a function that creates a customer with these values and returns the answer."""

    def make(name: str = "ACME", **custom: Any) -> Any:
        return client.post(CUSTOMERS, {"name": name, "custom": custom})

    return make


@pytest.fixture
def found(client: Any) -> Any:
    """Return a function that returns the names of the customers that a query keeps, in order."""

    def names(**query: str) -> list[str]:
        answer = client.get(CUSTOMERS, query)
        assert answer.status_code == 200, answer.content
        return [row["name"] for row in answer.json()["results"]]

    return names
