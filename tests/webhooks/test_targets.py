"""Where messages may go, and how long a receiver may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from crm.webhooks import targets
from crm.webhooks.targets import Unsendable, check, is_public, resolve, send
from tests.certificates import certified
from tests.webhooks.conftest import WEBHOOKS
from tests.webhooks.receiver import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.webhooks.receiver import Receiver

PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",  # noqa: S104 -- the point
    "10.1.2.3",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "172.16.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:0:7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:0:0:0:0:80ff:fffe",
    "fc00::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Receive by https, with a certificate that is trusted here."""
    path = tmp_path / "receiver.pem"
    context = certified(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with listening(context) as found:
        yield found


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "::1"])
def test_every_spelling_of_this_machine_is_refused(strict: None, host: str) -> None:
    with pytest.raises(Unsendable):
        resolve(host, 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://",
        "https://user:password@example.com/",
        "https://user@example.com/",
        "https://:password@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://[::1/",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_says_too_much_or_too_little_is_refused(strict: None, client: Any, url: str) -> None:
    with pytest.raises(Unsendable):
        check(url)
    assert client.post(WEBHOOKS, {"url": url}).status_code == 400


def test_nothing_is_sent_into_a_private_network(strict: None, receiver: Any) -> None:
    with pytest.raises(Unsendable, match="private network"):
        send(receiver.url.replace("http://", "https://"), b"{}", {})
    assert receiver.got == []


def hang(handler: Any, _count: int) -> int:
    time.sleep(10)
    return 0


def drip(handler: Any, _count: int) -> int:
    for _number in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)
    return 0


@pytest.mark.parametrize("behave", [hang, drip])
def test_a_receiver_that_takes_too_long_is_left(receiver: Any, behave: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOTAL_SECONDS", 0.5)
    receiver.behave = behave
    began = time.monotonic()
    with pytest.raises(Unsendable):
        send(receiver.url, b"{}", {})
    assert time.monotonic() - began < 8


def flood(handler: Any, _count: int) -> int:
    handler.send_response(200)
    handler.end_headers()
    for _number in range(200):
        handler.wfile.write(b"x" * 10_000)
    return 0


def test_no_more_of_an_answer_is_read_than_is_kept(receiver: Any) -> None:
    receiver.behave = flood
    assert len(send(receiver.url, b"{}", {}).body) == targets.MOST_READ


def answer(*parts: bytes, pause: float = 0.0) -> Any:
    """Return a receiver that sends these parts, with pauses between."""

    def behave(handler: Any, _count: int) -> int:
        for part in parts:
            handler.wfile.write(part)
            time.sleep(pause)
        handler.close_connection = True
        return 0

    return behave


@pytest.mark.parametrize("head", [b"", b"Content-Length: 1000000\r\n"])
def test_who_has_sent_as_much_as_is_kept_is_waited_for_no_longer(receiver: Any, head: bytes) -> None:
    body = b"x" * targets.MOST_READ
    parts = [b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) if not head else head + b"\r\n", body]
    receiver.behave = answer(b"HTTP/1.1 200 OK\r\n" + b"".join(parts), pause=10)
    began = time.monotonic()
    assert send(receiver.url, b"{}", {}).body == body
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("parts", [[b"HTTP/1.1 200"], [b"HTTP/1.1 200 OK\r\n"], [b"HTTP/1.1 200 OK\r\nX-A: b"]])
def test_a_success_that_is_broken_off_is_none(receiver: Any, parts: list[bytes]) -> None:
    receiver.behave = answer(*parts)
    with pytest.raises(Unsendable):
        send(receiver.url, b"{}", {})


DRIPPED = [b"HTTP/1.1 200 OK\r\n", *(b"X-%d: a\r\n" % number for number in range(100)), b"\r\n"]


def test_headers_that_drip_beyond_the_limit_are_a_failure(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOTAL_SECONDS", 0.5)
    receiver.behave = answer(*DRIPPED, pause=0.1)
    began = time.monotonic()
    with pytest.raises(Unsendable):
        send(receiver.url, b"{}", {})
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("head", [b"", b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_that_drips_takes_nothing_from_a_success_and_no_more_time(
    receiver: Any, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr(targets, "TOTAL_SECONDS", 0.5)
    receiver.behave = answer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", *[b"1\r\nx\r\n"] * 100, pause=0.1)
    began = time.monotonic()
    assert send(receiver.url, b"{}", {}).status == 200
    assert time.monotonic() - began < 8


def test_the_limit_holds_under_tls(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOTAL_SECONDS", 0.5)
    tls.behave = answer(*DRIPPED, pause=0.1)
    began = time.monotonic()
    with pytest.raises(Unsendable):
        send(tls.url, b"{}", {})
    assert time.monotonic() - began < 8
    tls.behave = lambda _handler, _count: 204
    assert send(tls.url, b"{}", {}).status == 204


def test_nothing_is_sent_to_whom_no_certificate_vouches_for(tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unsendable, match="not valid for 'localhost'"):
        send(tls.url.replace("127.0.0.1", "localhost"), b"{}", {})
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unsendable, match="certificate verify failed"):
        send(tls.url, b"{}", {})
    assert tls.got == []
