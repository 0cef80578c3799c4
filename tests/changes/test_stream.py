"""Listening to the feed: server-sent events from the real server."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

import pytest

from crm.changes import stream
from customers.models import Customer
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def listeners(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two listen; afterwards wait until the server has noticed that they are gone."""
    places = BoundedSemaphore(2)
    monkeypatch.setattr(stream, "LISTENERS", places)
    monkeypatch.setattr(stream, "PAUSE", 0.02)
    monkeypatch.setattr(stream, "SILENCE", 0.0)
    yield
    assert all(places.acquire(timeout=30) for _place in range(2))


@pytest.fixture
def listen(live_server: Any, token_for: Any, integration: Any) -> Any:
    """Open streams, each from a position on."""
    token = token_for(integration, "changes:read", "customers:read")

    @contextmanager
    def opened(**headers: str) -> Iterator[Any]:
        server = HTTPConnection(live_server.thread.host, live_server.thread.port, timeout=60)
        accept = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
        server.request("GET", "/api/v1/changes?resource=customers", headers=accept | headers)
        yield server.getresponse()
        server.close()

    return opened


def events(response: Any, count: int) -> list[dict[str, str]]:
    """Read as many events as that; without data, what comes is a sign of life."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    while len(found) < count:
        name, _colon, value = response.readline().decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif fields:
            found += [fields] if "data" in fields else []
            fields = {}
    return found


def test_a_listener_hears_changes_as_they_come(listen: Any) -> None:
    first = make(Customer, name="First")
    with listen() as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        (heard,) = events(response, 1)
        second = make(Customer, name="Second")
        (later,) = events(response, 1)
    assert heard["event"] == later["event"] == "customers.created"
    assert [json.loads(one["data"])["record"] for one in (heard, later)] == [str(first.pk), str(second.pk)]


def test_a_listener_that_comes_back_goes_on_after_the_last_event(listen: Any) -> None:
    make(Customer)
    with listen() as response:
        (heard,) = events(response, 1)
    record = make(Customer)
    with listen(**{"Last-Event-ID": heard["id"]}) as response:
        (later,) = events(response, 1)
    assert json.loads(later["data"])["record"] == str(record.pk)


def test_a_process_has_only_so_many_listeners(listen: Any) -> None:
    with listen() as first, listen() as second, listen() as third:
        assert (first.status, second.status, third.status) == (200, 200, 503)
        assert third.headers["Retry-After"] == "5"


def test_a_stream_ends_with_its_token(listen: Any, integration: Any) -> None:
    with listen() as response:
        integration.is_active = False
        integration.save()
        assert response.read().startswith(b"retry: 2000\n\n")
