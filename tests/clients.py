"""Clients that speak to the API as a program would."""

from __future__ import annotations

from functools import partialmethod
from typing import Any

from django.test import Client


class JSONClient(Client):
    """Sends JSON unless told otherwise."""

    def send(self, verb: str, path: str, data: Any = None, content_type: str = "application/json", **extra: Any) -> Any:
        return getattr(super(), verb)(path, data, content_type, **extra)

    post = partialmethod(send, "post")
    put = partialmethod(send, "put")
    patch = partialmethod(send, "patch")
