"""Files, a place for them, and a client that sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from customers.models import Customer
from tests.attachments import samples
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crm.models import User

SCOPES = ("attachments:read", "attachments:write")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """Let every test begin with an empty store."""
    store = {**settings.STORAGES["attachments"], "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "attachments": store}
    assert storages["attachments"].location == str(tmp_path)  # type: ignore[attr-defined]  # of a folder
    return tmp_path


@pytest.fixture
def customer() -> Customer:
    return make(Customer)  # type: ignore[no-any-return]


@pytest.fixture
def client_for(token_for: Any) -> Callable[[User], Client]:
    """Return a client that sends forms for a person."""
    return lambda user: Client(headers={"Authorization": f"Bearer {token_for(user, *SCOPES)}"})


@pytest.fixture
def client(client_for: Any, integration: User) -> Client:
    return client_for(integration)  # type: ignore[no-any-return]


@pytest.fixture
def send(client: Client, customer: Customer) -> Callable[..., Any]:
    """Return a function that attaches a file to the customer."""

    def upload(name: str = "picture.png", content: bytes = samples.PNG, **more: Any) -> Any:
        body = {"about_type": "customers.customer", "about_id": str(customer.pk)}
        return client.post("/api/v1/attachments", {**body, "file": SimpleUploadedFile(name, content), **more})

    return upload
