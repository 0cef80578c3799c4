from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth import authenticate
from django.test import Client, RequestFactory
from django.utils import timezone

from crm.auth.known import COOKIE
from crm.auth.lockout import Lockout, unlock

TOKEN, PAGE = "/api/v1/auth/token", "/account/sign-in"
PASSWORD = "correct-horse-battery"
HOME, ELSEWHERE = "192.0.2.10", "203.0.113.7"


@pytest.fixture
def person(make_user: Any) -> Any:
    return make_user(password=PASSWORD, is_staff=True)


def strangers_fail(username: str, times: int = 50) -> None:
    """Let a name be tried as often, never twice from one network."""
    AccessAttempt.objects.bulk_create(
        AccessAttempt(username=username, ip_address=f"198.51.{number}.1", user_agent="", failures_since_start=1)
        for number in range(times)
    )


def at_page(browser: Client, person: Any, password: str = PASSWORD, address: str = ELSEWHERE) -> int:
    answer = browser.post(PAGE, {"username": person.username, "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def by_api(client: Any, person: Any, address: str = ELSEWHERE, password: str = PASSWORD) -> int:
    sent = {"username": person.username, "password": password}
    return int(client.post(TOKEN, sent, REMOTE_ADDR=address).status_code)


def test_a_name_that_many_networks_try_waits_everywhere(client_without_token: Any, person: Any) -> None:
    strangers_fail(person.username, 49)
    assert by_api(client_without_token, person, password="wrong") == 401
    assert by_api(client_without_token, person, "203.0.113.8") == 429
    assert at_page(Client(), person, address="203.0.113.9") == 429


def test_fewer_failures_of_strangers_lock_nobody(client_without_token: Any, person: Any) -> None:
    strangers_fail(person.username, 49)
    assert by_api(client_without_token, person) == 200
    assert at_page(Client(), person, address="203.0.113.9") == 302


def test_another_name_does_not_wait(client_without_token: Any, person: Any, make_user: Any) -> None:
    strangers_fail(person.username)
    assert by_api(client_without_token, make_user(password=PASSWORD)) == 200


def test_the_wait_for_strangers_grows_and_ends(client_without_token: Any, person: Any) -> None:
    strangers_fail(person.username, 51)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(seconds=119))
    assert by_api(client_without_token, person) == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(seconds=121))
    assert by_api(client_without_token, person) == 200


@pytest.mark.parametrize("door", ["page", "api"])
def test_strangers_do_not_lock_a_network_that_the_person_signed_in_from(
    client_without_token: Any, person: Any, door: str
) -> None:
    enter = (lambda: at_page(Client(), person, address=HOME)) if door == "page" else None
    enter = enter or (lambda: by_api(client_without_token, person, HOME))
    assert enter() in {200, 302}
    strangers_fail(person.username)
    assert enter() in {200, 302}
    assert by_api(client_without_token, person, ELSEWHERE) == 429


def test_a_network_is_forgotten_after_ninety_days(client_without_token: Any, person: Any) -> None:
    assert by_api(client_without_token, person, HOME) == 200
    AccessLog.objects.update(attempt_time=timezone.now() - timedelta(days=91))
    strangers_fail(person.username)
    assert by_api(client_without_token, person, HOME) == 429


def test_strangers_do_not_lock_a_browser_that_the_person_signed_in_with(person: Any) -> None:
    browser = Client()
    assert at_page(browser, person, address=HOME) == 302
    kept = browser.cookies[COOKIE]
    assert (kept["httponly"], kept["samesite"], kept["max-age"]) == (True, "Lax", 90 * 24 * 3600)
    browser.post("/account/sign-out")
    strangers_fail(person.username)
    for _number in range(5):
        at_page(Client(), person, "wrong", ELSEWHERE)
    assert at_page(Client(), person) == 429
    assert at_page(browser, person) == 302


def test_a_known_browser_waits_for_its_own_failures_only(person: Any) -> None:
    browser = Client()
    at_page(browser, person)
    browser.post("/account/sign-out")
    assert [at_page(browser, person, "wrong") for _number in range(5)] == [200, 200, 200, 200, 429]
    assert at_page(browser, person) == 429
    assert at_page(Client(), person) == 302


@pytest.mark.parametrize("forged", ["made-up", "of another person"])
def test_no_other_browser_is_taken_for_a_known_one(person: Any, make_user: Any, forged: str) -> None:
    browser = Client()
    other = make_user(password=PASSWORD)
    assert at_page(browser, other, address=HOME) == 302
    browser.post("/account/sign-out")
    if forged == "made-up":
        browser.cookies[COOKIE] = f"{browser.cookies[COOKIE].value}x"
    strangers_fail(person.username)
    assert at_page(browser, person) == 429


def test_an_administrator_lets_somebody_sign_in_again(client_without_token: Any, make_user: Any, person: Any) -> None:
    administrator, other = make_user("Administrator", is_staff=True), make_user()
    strangers_fail(person.username)
    strangers_fail(other.username)
    site = Client()
    site.force_login(administrator, backend="crm.auth.accounts.Accounts")
    sent = {"action": "let_sign_in", "_selected_action": [str(person.pk)]}
    answer = site.post("/admin/crm/user/", sent, follow=True)
    assert "1 person can sign in again." in answer.content.decode()
    assert by_api(client_without_token, person) == 200
    assert AccessAttempt.objects.filter(username=other.username).count() == 50


def test_no_administrator_lets_a_superuser_sign_in_again(make_user: Any) -> None:
    administrator, root = make_user("Administrator", is_staff=True), make_user(is_superuser=True)
    strangers_fail(root.username)
    site = Client()
    site.force_login(administrator, backend="crm.auth.accounts.Accounts")
    site.post("/admin/crm/user/", {"action": "let_sign_in", "_selected_action": [str(root.pk)]})
    assert AccessAttempt.objects.filter(username=root.username).count() == 50


def test_failures_on_this_machine_are_those_of_strangers(client_without_token: Any, person: Any) -> None:
    strangers_fail(person.username, 49)
    assert by_api(client_without_token, person, "::1", "wrong") == 401
    assert by_api(client_without_token, person, ELSEWHERE) == 429


def test_failures_of_a_known_browser_keep_nobody_on_this_machine_waiting(person: Any) -> None:
    browser = Client()
    at_page(browser, person)
    browser.post("/account/sign-out")
    assert [at_page(browser, person, "wrong") for _number in range(5)][-1] == 429
    assert at_page(Client(), person, address="::1") == 302


def test_failures_of_a_known_browser_are_none_of_strangers(client_without_token: Any, person: Any) -> None:
    browser = Client()
    at_page(browser, person)
    browser.post("/account/sign-out")
    strangers_fail(person.username, 49)
    assert at_page(browser, person, "wrong") == 200
    assert by_api(client_without_token, person, "203.0.113.8") == 200


def test_what_strangers_failed_the_day_before_counts_no_more(client_without_token: Any, person: Any) -> None:
    strangers_fail(person.username, 60)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=1, seconds=1))
    assert by_api(client_without_token, person, password="wrong") == 401
    assert by_api(client_without_token, person, "203.0.113.8") == 200


def test_the_trail_names_those_who_are_let_sign_in_again_and_had_to_wait(
    caplog: pytest.LogCaptureFixture, person: Any, make_user: Any
) -> None:
    caplog.set_level(logging.INFO, "crm.audit")
    strangers_fail(person.username, 1)
    by = make_user()
    assert unlock(users=[person, make_user()], by=by) == 1
    trail = [one.__dict__ for one in caplog.records if one.name == "crm.audit" and one.__dict__["event"] == "unlocked"]
    assert [(one["user"], one["by"]) for one in trail] == [(str(person.pk), str(by.pk))]


def test_a_sign_in_that_names_nobody_fails_and_waits_as_any_other(db: None) -> None:
    request = RequestFactory().post(PAGE, REMOTE_ADDR=ELSEWHERE)
    AxesProxyHandler.update_request(request)
    assert authenticate(request, password="wrong") is None
    assert list(AccessAttempt.objects.values_list("username", "ip_address")) == [("", ELSEWHERE)]
    assert Lockout().is_locked(request, {"password": "wrong"}) is False
    AccessAttempt.objects.update(failures_since_start=5)
    assert Lockout().is_locked(request, {"password": "wrong"}) is True
    AccessAttempt.objects.all().delete()
    strangers_fail("")
    assert Lockout().is_locked(request, {"password": "wrong"}) is True
