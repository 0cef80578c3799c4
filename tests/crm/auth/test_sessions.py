from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import sessions
from crm.auth.sessions import RefreshRefused

TOKEN, REFRESH, SIGN_OUT, ME = "/api/v1/auth/token", "/api/v1/auth/refresh", "/api/v1/auth/sign-out", "/api/v1/me"
PASSWORD = "correct-horse-battery"


@pytest.fixture
def person(make_user: Any, make_team: Any) -> Any:
    return make_user("Sales manager", team=make_team("North"), password=PASSWORD, first_name="Ann", last_name="Lee")


@pytest.fixture
def signed_in(client_without_token: Any, person: Any) -> Any:
    return client_without_token.post(TOKEN, {"username": person.username, "password": PASSWORD}).json()


def status_of(client: Any, token: str) -> int:
    return int(client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code)


def test_a_password_buys_two_tokens(client_without_token: Any, signed_in: Any, person: Any) -> None:
    assert sorted(signed_in) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert (signed_in["token_type"], signed_in["expires_in"]) == ("Bearer", 600)
    assert len(signed_in["refresh_token"]) == 64
    assert signed_in["scope"].split()[:2] == ["customers:read", "customers:write"]
    assert status_of(client_without_token, signed_in["access_token"]) == 200
    person.refresh_from_db()
    assert person.last_login is not None


def test_the_scope_can_be_less(client_without_token: Any, person: Any) -> None:
    body = {"username": person.username, "password": PASSWORD, "scope": "customers:read"}
    assert client_without_token.post(TOKEN, body).json()["scope"] == "customers:read"
    answer = client_without_token.post(TOKEN, {**body, "scope": "customers:read root"})
    assert answer.json()["errors"] == [
        {"pointer": "/scope", "code": "invalid_scope", "detail": "There is no scope root."}
    ]


def test_xml_signs_in_too(client_without_token: Any, person: Any) -> None:
    body = f"<root><username>{person.username}</username><password>{PASSWORD}</password></root>"
    answer = client_without_token.post(
        TOKEN, body, content_type="application/xml", headers={"Accept": "application/xml"}
    )
    assert answer.status_code == 200
    assert b"<access_token>eyJ" in answer.content


def test_me_says_who_the_caller_is(client_without_token: Any, signed_in: Any, person: Any) -> None:
    answer = client_without_token.get(ME, headers={"Authorization": f"Bearer {signed_in['access_token']}"}).json()
    permissions = answer.pop("permissions")
    assert "customers.delete_customer" in permissions
    assert answer == {
        "id": str(person.pk),
        "username": person.username,
        "name": "Ann Lee",
        "email": "",
        "team": str(person.team_id),
        "roles": ["Sales manager"],
        "is_superuser": False,
        "scopes": sorted(signed_in["scope"].split()),
        "application": "crm",
    }


@pytest.mark.parametrize("field", ["username", "password"])
def test_wrong_credentials_are_401_whichever_is_wrong(client_without_token: Any, person: Any, field: str) -> None:
    body = {"username": person.username, "password": PASSWORD, field: "wrong"}
    answer = client_without_token.post(TOKEN, body)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "User name or password is wrong, or the account is disabled."
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert not AccessToken.objects.exists()


def test_a_disabled_account_does_not_sign_in(client_without_token: Any, person: Any) -> None:
    person.is_active = False
    person.save()
    answer = client_without_token.post(TOKEN, {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "a"},
        {"username": "a\0", "password": "b"},
        {"username": "a" * 151, "password": "b"},
        {"username": ["a"], "password": "b"},
        {"username": "a", "password": "b", "one_time_code": "1"},
        [],
        "text",
    ],
    ids=str,
)
def test_a_malformed_sign_in_is_400(client_without_token: Any, body: Any) -> None:
    assert client_without_token.post(TOKEN, body).status_code == 400


def test_nothing_secret_is_stored(signed_in: Any) -> None:
    with connection.cursor() as cursor:
        for table in ("oauth2_provider_accesstoken", "oauth2_provider_refreshtoken"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")  # noqa: S608 -- a name from the line above
            stored = str(cursor.fetchall())
            assert signed_in["access_token"] not in stored
            assert signed_in["refresh_token"] not in stored


def test_a_refresh_token_buys_the_next_two(client_without_token: Any, signed_in: Any) -> None:
    answer = client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]})
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != signed_in["refresh_token"]
    assert answer.json()["scope"] == signed_in["scope"]
    assert status_of(client_without_token, answer.json()["access_token"]) == 200


def test_a_refresh_token_used_twice_ends_its_whole_family(client_without_token: Any, signed_in: Any) -> None:
    first = {"refresh_token": signed_in["refresh_token"]}
    second = client_without_token.post(REFRESH, first).json()
    assert client_without_token.post(REFRESH, first).status_code == 401
    assert status_of(client_without_token, second["access_token"]) == 401
    answer = client_without_token.post(REFRESH, {"refresh_token": second["refresh_token"]})
    assert answer.status_code == 401
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


def test_another_session_outlives_the_end_of_a_family(client_without_token: Any, signed_in: Any, person: Any) -> None:
    other = sessions.begin(user=person, scopes=["admin"])
    client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]})
    client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]})
    assert status_of(client_without_token, other.access_token) == 200


def test_a_disabled_account_does_not_refresh(client_without_token: Any, signed_in: Any, person: Any) -> None:
    person.is_active = False
    person.save()
    assert client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]}).status_code == 401


def test_a_refresh_token_expires_after_a_fortnight(client_without_token: Any, signed_in: Any) -> None:
    AccessToken.objects.update(expires=timezone.now() - timedelta(days=14, seconds=1))
    assert client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]}).status_code == 401


@pytest.mark.parametrize("token", ["unknown", "x" * 2001, "\0", ""])
def test_an_unknown_refresh_token_is_refused(client_without_token: Any, token: str) -> None:
    assert client_without_token.post(REFRESH, {"refresh_token": token}).status_code in {400, 401}


def test_a_sign_out_ends_the_session_at_once(client_without_token: Any, signed_in: Any) -> None:
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert client_without_token.post(SIGN_OUT, {}, headers=headers).status_code == 204
    assert status_of(client_without_token, signed_in["access_token"]) == 401
    assert client_without_token.post(REFRESH, {"refresh_token": signed_in["refresh_token"]}).status_code == 401


def test_a_sign_out_ends_another_session_by_its_refresh_token(
    client_without_token: Any, signed_in: Any, person: Any
) -> None:
    other = sessions.begin(user=person, scopes=[])
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    client_without_token.post(SIGN_OUT, {"refresh_token": other.refresh_token}, headers=headers)
    assert status_of(client_without_token, other.access_token) == 401
    assert status_of(client_without_token, signed_in["access_token"]) == 200


def test_nobody_ends_a_strangers_session(client_without_token: Any, signed_in: Any, make_user: Any) -> None:
    stranger = sessions.begin(user=make_user(), scopes=[])
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    client_without_token.post(SIGN_OUT, {"refresh_token": stranger.refresh_token}, headers=headers)
    assert status_of(client_without_token, stranger.access_token) == 200


@pytest.mark.django_db(transaction=True)
def test_of_refreshes_at_the_same_moment_one_wins_and_the_family_ends(make_user: Any) -> None:
    token = sessions.begin(user=make_user(), scopes=["admin"]).refresh_token

    def renew(_number: int) -> str:
        try:
            return sessions.renew(token=token).access_token
        except RefreshRefused:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        won = list(filter(None, pool.map(renew, range(4))))
    assert len(won) == 1
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()
