"""Files to import, and who imports them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from tests.worker import do_all, no_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["no_jobs"]
IMPORTS = "/api/v1/imports"


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@pytest.fixture
def client(api_client: Any, integration: Any) -> Any:
    return api_client(integration, "imports:manage", "customers:read", "customers:write", "changes:read")


@pytest.fixture
def send(client: Any) -> Callable[..., Any]:
    """Upload a file, let the worker do it, and return the import as it then stands."""

    def sent(text: str | bytes, filename: str = "people.csv", status: int = 201, **said: Any) -> Any:
        content = text.encode() if isinstance(text, str) else text
        body = {"resource": "customers", **said, "file": SimpleUploadedFile(filename, content)}
        answer = client.post(IMPORTS, body, content_type=MULTIPART_CONTENT)
        assert answer.status_code == status, answer.content
        if status != 201:
            return answer.json()
        do_all()
        return client.get(f"{IMPORTS}/{answer.json()['id']}").json()

    return sent
