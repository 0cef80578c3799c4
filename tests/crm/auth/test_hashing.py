from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any

import pytest
import requests
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client

from crm.auth import hashing, options
from tests.crm.auth.conftest import SECRET

PASSWORD = "correct-horse-battery"


@pytest.fixture
def real_hasher(settings: Any) -> None:
    """Hash as production does."""
    settings.PASSWORD_HASHERS = options.PASSWORD_HASHERS


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let as many wait for a hash as may."""
    places = BoundedSemaphore(1)
    places.acquire()
    monkeypatch.setattr(hashing, "places", places)


@pytest.mark.usefixtures("real_hasher")
def test_passwords_are_hashed_as_django_hashes_them() -> None:
    made = make_password(PASSWORD)
    assert made.startswith("pbkdf2_sha256$")
    assert (check_password(PASSWORD, made), check_password("wrong", made)) == (True, False)


@pytest.mark.usefixtures("real_hasher", "full")
def test_whoever_finds_no_place_is_refused_at_once() -> None:
    with pytest.raises(hashing.Busy):
        make_password(PASSWORD)


@pytest.mark.usefixtures("real_hasher")
def test_a_place_is_free_again_also_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "places", BoundedSemaphore(1))
    with pytest.raises(ZeroDivisionError), hashing.turn():
        _ = 1 / 0
    with hashing.turn(), pytest.raises(hashing.Busy), hashing.turn():
        pass
    with hashing.turn():
        pass


def test_half_of_the_threads_are_left_for_everything_else() -> None:
    assert hashing.PLACES == 4
    assert 1 <= hashing.AT_ONCE <= hashing.PLACES


@pytest.mark.django_db
@pytest.mark.usefixtures("real_hasher", "full")
def test_a_program_hears_when_to_sign_in_again(client_without_token: Any) -> None:
    answer = client_without_token.post("/api/v1/auth/token", {"username": "somebody", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "Too many sign-ins at the same moment. Try again in a few seconds."


@pytest.mark.django_db
@pytest.mark.usefixtures("real_hasher", "full")
@pytest.mark.parametrize("door", ["/account/sign-in", "/admin/login/"])
def test_a_person_reads_it(door: str) -> None:
    sent = {"username": "somebody", "password": PASSWORD}
    answer = Client(headers={"Accept": "text/html"}).post(door, sent)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "Too many sign-ins at the same moment." in answer.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("real_hasher")
def test_so_does_a_program_with_a_secret(server: str, robot: Any, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("full")
    sent = {"grant_type": "client_credentials", "client_id": robot.client_id, "client_secret": SECRET}
    answer = requests.post(f"{server}/o/token", data=sent, timeout=60)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json()["error"] == "temporarily_unavailable"
