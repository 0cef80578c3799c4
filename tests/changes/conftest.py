"""Readers of the change feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.clients import JSONClient
from tests.feed import settle

if TYPE_CHECKING:
    from collections.abc import Callable


class Reader(JSONClient):
    """Reads what has settled."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        settle()
        return super().get(*args, **kwargs)


@pytest.fixture
def follow(token_for: Any) -> Callable[..., Reader]:
    """Return a client that follows the feed for a person, with these scopes besides."""

    def make(user: Any, *scopes: str) -> Reader:
        token = token_for(user, "changes:read", "directory:read", *scopes)
        return Reader(headers={"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def reader(follow: Any, integration: Any) -> Reader:
    """Return a client that follows all changes of customers."""
    client: Reader = follow(integration, "customers:read", "customers:write")
    return client


@pytest.fixture
def changes(reader: Reader) -> Callable[..., list[dict[str, Any]]]:
    """Read the feed, as far as it goes."""

    def read(**params: Any) -> list[dict[str, Any]]:
        return list(reader.get("/api/v1/changes", params).json()["results"])

    return read
