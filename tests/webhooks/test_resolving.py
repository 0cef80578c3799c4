"""Which machine a name leads to, and what arrives there."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from crm.webhooks import targets
from crm.webhooks.targets import Unsendable, check, is_public, resolve, send


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name stand for these addresses: none of the Internet leads to two on this machine."""
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*entry, (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)


MIXED = [
    ("93.184.216.34", "10.0.0.1"),
    ("10.0.0.1", "93.184.216.34"),
    ("93.184.216.34", "8.8.8.8", "169.254.169.254"),
    ("93.184.216.34", "fd00::1"),
    ("2606:4700:4700::1111", "127.0.0.1"),
    ("2606:4700:4700::1111", "::1"),
    ("93.184.216.34", "::ffff:10.0.0.1"),
    ("93.184.216.34", "168.63.129.16"),
]


@pytest.mark.parametrize("addresses", MIXED)
def test_a_name_of_a_public_and_a_private_address_is_refused(
    strict: None, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    named(monkeypatch, *addresses)
    reached: list[Any] = []
    monkeypatch.setattr(socket, "create_connection", lambda *args: reached.append(args))
    with pytest.raises(Unsendable, match="private network"):
        resolve("both.example", 443)
    with pytest.raises(Unsendable, match="private network"):
        send("https://both.example/hook", b"{}", {})
    assert reached == []


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        (("93.184.216.34",), "93.184.216.34"),
        (("2606:4700:4700::1111", "93.184.216.34"), "93.184.216.34"),
        (("9.9.9.9", "8.8.8.8", "8.8.8.8"), "8.8.8.8"),
        (("2606:4700:4700::1111",), "2606:4700:4700::1111"),
    ],
)
def test_of_public_addresses_one_is_chosen_and_connected_to(
    strict: None, monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...], chosen: str
) -> None:
    named(monkeypatch, *addresses)
    reached: list[Any] = []

    def connect(address: Any, seconds: float) -> Any:
        reached.append((address, seconds))
        raise OSError("far away")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unsendable, match="far away"):
        send("https://good.example:8443/hook", b"{}", {})
    assert reached == [((chosen, 8443), 5)]


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError("far away"), "far away"), (TimeoutError(), "TimeoutError"), (ConnectionError(), "ConnectionError")],
)
def test_a_failure_says_why_or_at_least_of_what_kind_it_is(
    strict: None, monkeypatch: pytest.MonkeyPatch, error: OSError, said: str
) -> None:
    def fail(*_args: Any) -> Any:
        raise error

    named(monkeypatch, "93.184.216.34")
    monkeypatch.setattr(socket, "create_connection", fail)
    with pytest.raises(Unsendable) as raised:
        send("https://good.example/", b"{}", {})
    assert str(raised.value) == said


@pytest.mark.parametrize(("url", "port"), [("https://a.example/", 443), ("https://a.example:444", 444)])
def test_https_has_its_port(strict: None, monkeypatch: pytest.MonkeyPatch, url: str, port: int) -> None:
    asked: list[Any] = []

    def lead(host: str, port: int) -> str:
        asked.append((host, port))
        raise Unsendable("stop")

    monkeypatch.setattr(targets, "resolve", lead)
    with pytest.raises(Unsendable, match="stop"):
        send(url, b"", {})
    assert asked == [("a.example", port)]


def test_a_name_that_there_is_not_is_refused(strict: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unsendable, match="cannot be resolved"):
        resolve("nowhere.example", 443)
    monkeypatch.undo()
    with pytest.raises(Unsendable, match="cannot be resolved"):
        resolve("a" * 70 + ".example", 443)  # no label is as long: the codec of names fails


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/"), ("/hook", "/hook"), ("/hook?a=1&b=%20", "/hook?a=1&b=%20"), ("?a", "/?a")]
)
def test_path_query_body_and_headers_arrive_as_they_are(receiver: Any, path: str, asked: str) -> None:
    seen: list[str] = []

    def note(handler: Any, _count: int) -> int:
        seen.append(handler.path)
        return 200

    receiver.behave = note
    found = send(receiver.url.removesuffix("/hook") + path, b'{"a": 1}', {"webhook-id": "msg_1"})
    ((headers, body),) = receiver.got
    assert (found.status, seen, body) == (200, [asked], b'{"a": 1}')
    assert (headers["webhook-id"], headers["connection"]) == ("msg_1", "close")


@pytest.mark.parametrize(
    "address",
    ["::ffff:8.8.8.8", "64:ff9b::808:808", "2600::1", "1.1.1.1", "223.255.255.254"],
)
def test_what_carries_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "https://example.com:443/a?b=c", "https://[2606:4700:4700::1111]/", "HTTPS://a.example"],
)
def test_an_address_of_the_web_is_taken(strict: None, url: str) -> None:
    assert check(url).scheme == "https"


def test_in_development_plain_http_and_private_networks_will_do(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    assert check("http://127.0.0.1/").scheme == "http"
    assert resolve("127.0.0.1", 80) == "127.0.0.1"
    with pytest.raises(Unsendable):
        check("ftp://127.0.0.1/")
