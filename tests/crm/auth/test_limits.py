from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from crm.auth.addresses import client_address
from crm.auth.authentication import identify
from crm.auth.limits import count_address, count_use, forget_old_counts, usage

ME, TOKEN = "/api/v1/me", "/api/v1/auth/token"


def remaining(answer: Any) -> list[str]:
    return [part.partition(";t=")[0] for part in answer.headers["RateLimit"].split(", ")]


def test_every_answer_says_what_is_left(api_client: Any, make_user: Any) -> None:
    client = api_client(make_user())
    answer = client.get(ME)
    assert answer.headers["RateLimit-Policy"] == '"application";q=6000;w=60, "user";q=3000;w=60'
    assert remaining(answer) == ['"application";r=5999', '"user";r=2999']
    assert remaining(client.get(ME)) == ['"application";r=5998', '"user";r=2998']


def test_one_request_too_many_is_429_until_the_next_minute(api_client: Any, make_user: Any, settings: Any) -> None:
    settings.RATE_LIMIT_USER = 2
    client = api_client(make_user())
    assert [client.get(ME).status_code for _number in range(3)] == [200, 200, 429]
    answer = client.get(ME)
    assert answer.json()["type"].endswith("#throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert remaining(answer)[1] == '"user";r=0'
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_rate_counter SET minute = minute - 1")
    assert client.get(ME).status_code == 200


def test_an_application_has_a_limit_of_its_own(api_client: Any, make_user: Any) -> None:
    from crm.auth.sessions import own_application

    application = own_application()
    application.rate_limit = 3
    application.save()
    first, second = api_client(make_user()), api_client(make_user())
    assert [first.get(ME).status_code, second.get(ME).status_code, first.get(ME).status_code] == [200, 200, 200]
    assert second.get(ME).status_code == 429


def test_a_late_request_counts_for_the_newer_minute(api_client: Any, make_user: Any) -> None:
    client = api_client(make_user())
    client.get(ME)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_rate_counter SET minute = minute + 1, hits = 7")
    assert remaining(client.get(ME)) == ['"application";r=5992', '"user";r=2992']


@pytest.mark.django_db(transaction=True)
def test_no_request_is_lost_among_many_at_once(token_for: Any, make_user: Any) -> None:
    token = token_for(make_user())

    def ask(_number: int) -> list[int]:
        try:
            return [identify(token)[1].rate[1].used for _round in range(25)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = sorted(count for part in pool.map(ask, range(4)) for count in part)
    assert counts == list(range(1, 101)) or 1 in counts[1:]  # a minute may have ended in between


def test_an_address_may_only_knock_so_often(client_without_token: Any, settings: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 2
    body = {"refresh_token": "unknown"}
    answers = [client_without_token.post("/api/v1/auth/refresh", body) for _number in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"address";q=2;w=60'
    other = client_without_token.post("/api/v1/auth/refresh", body, REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 401


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "0.0.0.0"),  # noqa: S104 -- stands for no address
        (1, "nonsense", "0.0.0.0"),  # noqa: S104 -- likewise
    ],
)
def test_only_trusted_proxies_say_where_a_request_comes_from(
    settings: Any, proxies: int, header: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": header})
    assert client_address(request) == expected


@pytest.mark.django_db
def test_old_counts_are_forgotten() -> None:
    count_address(RequestFactory().get("/", REMOTE_ADDR="192.0.2.1"), "form")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO crm_rate_counter VALUES ('i:192.0.2.2', 1, 5)")
    assert forget_old_counts() == 1


def test_a_window_ends_with_the_minute() -> None:
    assert [usage("user", 5, 5, second).resets_in for second in (120, 121, 179)] == [60, 59, 1]
    assert (usage("user", 5, 5, 0).is_exceeded, usage("user", 5, 6, 0).is_exceeded) == (False, True)
    assert [usage("user", 5, used, 0).left for used in (0, 4, 5, 6, 9)] == [5, 1, 0, 0, 0]


@pytest.mark.django_db
def test_uses_of_a_thing_are_counted_one_by_one_and_apart_from_other_things() -> None:
    used = [count_use("form", key, 2) for key in ("a", "a", "b", "a")]
    assert [(one.name, one.limit, one.used) for one in used] == [
        ("form", 2, 1),
        ("form", 2, 2),
        ("form", 2, 1),
        ("form", 2, 3),
    ]
    assert [one.is_exceeded for one in used] == [False, False, False, True]
