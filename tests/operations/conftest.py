"""A folder for the servers, and one who visits the site through nginx."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import tempfile
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.operations.programs import NAME, NGINX, OTHER, Place

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Place]:
    """Return an empty folder that the account of PostgreSQL may enter, with room for a socket in its name."""
    if NGINX is None:
        pytest.skip("nginx is not installed (Debian: nginx)")
    folder = Path(tempfile.mkdtemp(prefix="crm-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("postgres", "socket"):
        (folder / name).mkdir(mode=0o700 if name == "postgres" else 0o755)
        if OTHER:
            shutil.chown(folder / name, OTHER["user"], OTHER["group"])
    yield Place(folder)
    shutil.rmtree(folder)


class Visitor:
    """Talks to nginx as browsers and programs do."""

    def __init__(self, place: Place) -> None:
        """Trust the certificate of the place."""
        self.place = place
        self.trust = ssl.create_default_context(cafile=str(place.certificate))
        self.headers = {"Host": f"{NAME}:{place.proxy}"}

    def open(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        """Return the answer, of which nothing was read yet."""
        site = HTTPSConnection("127.0.0.1", self.place.proxy, timeout=60, context=self.trust)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        site.request(method, path, body, self.headers | named)
        return site.getresponse()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON, and return what the answer has of it."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self.open(method, path, sent, Content_Type="application/json", **headers)
        said = answer.read()
        assert answer.status < 300, said
        return json.loads(said)

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> Any:
        """Send a form with a file."""
        edge = os.urandom(16).hex()
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{fields[key]}\r\n' for key in fields]
        parts += [f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n']
        body = "".join(parts).encode() + content + f"\r\n--{edge}--\r\n".encode()
        answer = self.open("POST", path, body, Content_Type=f"multipart/form-data; boundary={edge}")
        said = answer.read()
        assert answer.status == 201, said
        return json.loads(said)
