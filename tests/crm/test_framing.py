"""Requests as bytes, over a socket, to the running server: what a test client would not let through."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b'{"name": "A"}'


@pytest.fixture
def send(live_server: Any, integration: Any, token_for: Any) -> Any:
    """Return a function that sends a request line, headers and a body as they are, and returns the whole answer."""
    token = token_for(integration, "customers:read", "customers:write")
    host, port = live_server.url.removeprefix("http://").split(":")

    def exchange(line: bytes, *headers: bytes, body: bytes = b"") -> bytes:
        fixed = (b"Host: 127.0.0.1", b"Authorization: Bearer " + token.encode(), b"Connection: close")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall(b"\r\n".join([line, *fixed, *headers, b"", body]))
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return exchange


def status_of(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ", 2)[1])


POST = b"POST /api/v1/customers HTTP/1.1"
JSON = b"Content-Type: application/json"


def test_a_request_as_it_should_be_is_understood(send: Any) -> None:
    assert status_of(send(POST, JSON, b"Content-Length: 13", body=BODY)) == 201


def test_an_announced_body_over_the_limit_is_refused_unread(send: Any) -> None:
    answer = send(POST, JSON, b"Content-Length: 99999999999", body=BODY)
    assert status_of(answer) == 413
    assert b"#too_large" in answer
    assert not Customer.objects.exists()


@pytest.mark.parametrize("length", [b"5", b"0", b"-1", b"abc", b"1e3"])
def test_a_length_that_is_wrong_writes_nothing(send: Any, length: bytes) -> None:
    assert status_of(send(POST, JSON, b"Content-Length: " + length, body=BODY)) == 400
    assert not Customer.objects.exists()


def test_a_body_without_a_length_is_refused(send: Any) -> None:
    answer = send(POST, JSON, b"Transfer-Encoding: chunked", body=b"d\r\n" + BODY + b"\r\n0\r\n\r\n")
    assert status_of(answer) == 400
    assert b"#malformed" in answer
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "header", [b"X-Request-ID: a\xff\xfeb", b"Accept-Language: \xff", b"If-Match: \xff", b"X-A: \x01"]
)
def test_bytes_in_headers_that_are_no_text_do_no_harm(send: Any, header: bytes) -> None:
    answer = send(b"GET /api/v1/customers HTTP/1.1", header)
    assert status_of(answer) in {200, 400}
    assert b"\xff" not in answer


@pytest.mark.parametrize("path", [b"/api/v1/customers/\xff", b"/api/v1/customers/%c0%af", b"/api/v1/customers\\.."])
def test_bytes_in_the_path_that_are_no_text_lead_nowhere(send: Any, path: bytes) -> None:
    assert status_of(send(b"GET " + path + b" HTTP/1.1")) == 404


@pytest.mark.parametrize(("path", "status"), [(b"//api", 301), (b"//example.com/api", 404), (b"//example.com/..", 404)])
def test_slashes_at_the_beginning_lead_to_no_other_machine(send: Any, path: bytes, status: int) -> None:
    answer = send(b"GET " + path + b" HTTP/1.1")
    assert status_of(answer) == status
    assert (b"Location: /api/\r\n" in answer) == (status == 301)


def test_a_method_that_nobody_knows_is_refused(send: Any) -> None:
    answer = send(b"BREW /api/v1/customers HTTP/1.1")
    assert status_of(answer) == 405
    assert b"Allow: GET, POST, HEAD, OPTIONS" in answer
