"""A person whose word stands everywhere, and another whose word must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attachments.conftest import folder
from tests.privacy.planting import person
from tests.worker import no_jobs

if TYPE_CHECKING:
    from crm.models import User
    from customers.models import Customer

__all__ = ["folder", "no_jobs"]


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs, and let each transaction be one of its own."""


@pytest.fixture
def marta(integration: User) -> Customer:
    return person("zzmarker", integration)


@pytest.fixture
def other(integration: User) -> Customer:
    return person("yyother", integration)


@pytest.fixture
def client(api_client: Any, integration: User) -> Any:
    scopes = ("customers:read", "customers:write", "changes:read", "attachments:read", "tasks:read")
    return api_client(integration, *scopes)
