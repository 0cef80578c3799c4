from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from crm.auth.addresses import client_network

TOKEN, PAGE, REFRESH = "/api/v1/auth/token", "/account/sign-in", "/api/v1/auth/refresh"
PASSWORD = "correct-horse-battery"
# Doors for whoever is unknown, and what an address that may knock once and does so twice hears.
DOORS = [
    ("POST", TOKEN),
    ("POST", REFRESH),
    ("POST", PAGE),
    ("POST", "/o/token"),
    ("POST", "/o/revoke_token"),
    ("POST", "/o/introspect"),
    ("POST", "/o/device-authorization"),
    ("POST", "/o/register"),
    ("GET", "/o/register/unknown/"),
    ("GET", "/o/userinfo"),
    ("GET", "/tickets/unknown/"),
    ("GET", "/tickets/unknown/survey"),
    ("GET", "/tickets/unknown/files/unknown"),
    ("GET", "/preferences/unknown"),
    ("GET", "/files/unknown"),
    ("GET", "/help/?q=printer"),
]
NAMES = {"username": "nobody", "password": "wrong", "refresh_token": "unknown", "token": "x"}
FIELDS = {TOKEN: ("username", "password"), REFRESH: ("refresh_token",)}


def knock(method: str, path: str, **extra: Any) -> int:
    if method == "GET":
        return Client().get(path, **extra).status_code
    sent = {name: NAMES[name] for name in FIELDS.get(path, ("username", "password", "token"))}
    if path in FIELDS:
        return Client().post(path, sent, content_type="application/json", **extra).status_code
    return Client().post(path, sent, **extra).status_code


@pytest.mark.django_db
@pytest.mark.parametrize("door", DOORS, ids=str)
def test_flooding_one_door_shuts_that_door_only(settings: Any, door: tuple[str, str]) -> None:
    settings.RATE_LIMIT_ADDRESS = 1
    assert knock(*door) != 429
    assert knock(*door) == 429
    others = {path: knock(method, path) for method, path in DOORS if (method, path) != door}
    assert 429 not in others.values()


@pytest.mark.django_db
def test_flooding_sign_in_pages_locks_no_program(settings: Any, make_user: Any, client_without_token: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 2
    person = make_user(password=PASSWORD)
    assert [knock("POST", door) for door in (PAGE, "/admin/login/", PAGE)] == [200, 200, 429]
    sent = {"username": person.username, "password": PASSWORD}
    assert client_without_token.post(TOKEN, sent).status_code == 200
    assert Client().post(PAGE, sent).status_code == 429


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("", "0.0.0.0"),  # noqa: S104 -- stands for no address
    ],
)
def test_a_client_is_counted_by_its_network(address: str, network: str) -> None:
    assert client_network(RequestFactory().get("/", REMOTE_ADDR=address)) == network


@pytest.mark.parametrize(
    ("said", "network"),
    [
        ("198.51.100.9, 192.0.2.7", "192.0.2.7"),
        ("198.51.100.9, 192.0.2.7:51234", "192.0.2.7"),
        ("[2001:db8:9::1]:1, [2001:db8:1:2::1]:51234", "2001:db8:1:2::"),
        ("198.51.100.9, [2001:db8:1:2::1]", "2001:db8:1:2::"),
        ("198.51.100.9, 192.0.2.7:x", "0.0.0.0"),  # noqa: S104 -- stands for no address
        ("198.51.100.9,", "0.0.0.0"),  # noqa: S104 -- likewise
    ],
)
def test_a_client_behind_a_proxy_is_whom_the_proxy_saw(settings: Any, said: str, network: str) -> None:
    settings.TRUSTED_PROXIES = 1
    assert client_network(RequestFactory().get("/", headers={"X-Forwarded-For": said})) == network
    settings.TRUSTED_PROXIES = 0
    assert client_network(RequestFactory().get("/", headers={"X-Forwarded-For": said})) == "127.0.0.1"


@pytest.mark.django_db
def test_all_addresses_of_an_ipv6_network_count_as_one_client(settings: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 3
    codes = [knock("POST", REFRESH, REMOTE_ADDR=f"2001:db8:1:2::{number}") for number in range(4)]
    assert codes == [401, 401, 401, 429]
    assert knock("POST", REFRESH, REMOTE_ADDR="2001:db8:1:3::1") == 401


@pytest.mark.django_db
def test_failures_from_an_ipv6_network_lock_all_of_it(make_user: Any, client_without_token: Any) -> None:
    sent = {"username": make_user(password=PASSWORD).username, "password": PASSWORD}
    for number in range(5):
        client_without_token.post(TOKEN, {**sent, "password": "wrong"}, REMOTE_ADDR=f"2001:db8::{number}")
    assert client_without_token.post(TOKEN, sent, REMOTE_ADDR="2001:db8::99").status_code == 429
    assert client_without_token.post(TOKEN, sent, REMOTE_ADDR="2001:db8:0:1::1").status_code == 200


@pytest.mark.django_db
def test_one_person_may_only_guess_so_many_codes_of_devices(make_user: Any) -> None:
    browsers = [Client(), Client()]
    for browser, person in zip(browsers, (make_user(), make_user()), strict=True):
        browser.force_login(person, backend="crm.auth.accounts.Accounts")
    codes = [
        browsers[0].post("/o/device", {"user_code": "WRONG"}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(21)
    ]
    assert codes == [400] * 20 + [429]
    assert browsers[1].post("/o/device", {"user_code": "WRONG"}, REMOTE_ADDR="192.0.2.1").status_code == 400
