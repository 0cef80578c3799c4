from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from crm.auth.lockout import answer, pause

TOKEN = "/api/v1/auth/token"
PASSWORD = "correct-horse-battery"
DOORS = ("/account/sign-in", "/admin/login/")


@pytest.fixture
def person(make_user: Any) -> Any:
    return make_user(password=PASSWORD, is_staff=True)


def knock(client: Any, name: str, password: str = "") -> Any:
    return client.post(TOKEN, {"username": name, "password": password or "wrong"})


def test_after_five_failures_a_sign_in_waits(client_without_token: Any, person: Any) -> None:
    codes = [knock(client_without_token, person.username).status_code for _number in range(6)]
    assert codes == [401, 401, 401, 401, 429, 429]
    answer = knock(client_without_token, person.username, PASSWORD)
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["detail"] == "Too many failed sign-ins. Try again later."


def test_after_the_pause_the_right_password_opens_and_forgets(client_without_token: Any, person: Any) -> None:
    for _number in range(5):
        knock(client_without_token, person.username)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=1, seconds=1))
    assert knock(client_without_token, person.username, PASSWORD).status_code == 200
    assert not AccessAttempt.objects.exists()


def test_each_further_failure_doubles_the_pause(client_without_token: Any, person: Any) -> None:
    for _number in range(5):
        knock(client_without_token, person.username)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=1, seconds=1))
    answer = knock(client_without_token, person.username)
    assert 61 <= int(answer.headers["Retry-After"]) <= 120


def test_the_pause_grows_to_an_hour() -> None:
    assert [int(pause(excess).total_seconds()) // 60 for excess in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, 60]


@pytest.mark.parametrize("door", DOORS)
def test_a_lock_holds_on_every_door(client_without_token: Any, person: Any, door: str) -> None:
    browser = Client()
    for _number in range(4):
        knock(client_without_token, person.username)
    answer = browser.post(door, {"username": person.username, "password": "wrong"})
    assert answer.status_code == 429
    assert "Too many failed sign-ins" in answer.content.decode()
    assert knock(client_without_token, person.username, PASSWORD).status_code == 429
    assert browser.post(door, {"username": person.username, "password": PASSWORD}).status_code == 429


def test_a_lock_holds_for_one_address_only(client_without_token: Any, person: Any) -> None:
    for _number in range(5):
        knock(client_without_token, person.username)
    body = {"username": person.username, "password": PASSWORD}
    assert client_without_token.post(TOKEN, body, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_no_password_is_kept_with_a_failure(person: Any) -> None:
    Client().post("/account/sign-in", {"username": person.username, "password": "a-secret-mistyped"})
    attempt = AccessAttempt.objects.get()
    assert "a-secret-mistyped" not in f"{attempt.post_data}{attempt.get_data}"


@pytest.mark.parametrize("door", DOORS)
def test_a_name_that_nobody_can_have_fails_as_any_other(db: None, door: str) -> None:
    answer = Client().post(door, {"username": "x" * 5000, "password": "wrong"})
    assert answer.status_code == 200
    assert [len(one.username) for one in AccessAttempt.objects.all()] == [255]


@pytest.mark.parametrize(("path", "kind"), [(TOKEN, "application/problem+json"), (DOORS[0], "text/html")])
def test_who_need_wait_no_more_is_told_to_come_back_in_a_second(db: None, path: str, kind: str) -> None:
    request = RequestFactory().post(path)
    AxesProxyHandler.update_request(request)
    told = answer(request, HttpResponse(), {"username": "nobody"})
    assert (told.status_code, told.headers["Retry-After"]) == (429, "1")
    assert told.headers["Content-Type"].startswith(kind)
    assert "429" in told.content.decode()
