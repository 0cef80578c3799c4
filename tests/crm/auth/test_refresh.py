from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from oauth2_provider.models import AccessToken, RefreshToken

from tests.crm.auth.conftest import SECRET
from tests.crm.auth.flows import exchanged, me

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_refresh_token_of_a_program_rotates(server: str, web: Any, session: Any, person: Any) -> None:
    first = exchanged(server, web, session, person)
    program = session(web)
    second = program.refresh_token(f"{server}/o/token", refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert me(server, second["access_token"]).status_code == 200
    with pytest.raises(OAuthError, match="invalid_grant"):
        program.refresh_token(f"{server}/o/token", refresh_token=first["refresh_token"])
    assert me(server, second["access_token"]).status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        program.refresh_token(f"{server}/o/token", refresh_token=second["refresh_token"])


def test_of_refreshes_of_a_program_at_the_same_moment_one_wins(
    server: str, web: Any, session: Any, person: Any
) -> None:
    token = exchanged(server, web, session, person)["refresh_token"]
    data = {"grant_type": "refresh_token", "refresh_token": token, "client_id": web.client_id, "client_secret": SECRET}

    def refresh(_number: int) -> int:
        return requests.post(f"{server}/o/token", data=data, timeout=60).status_code

    with ThreadPoolExecutor(3) as pool:
        codes = sorted(pool.map(refresh, range(3)))
    assert codes == [200, 400, 400]
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()


def test_one_programs_refresh_token_is_worth_nothing_to_another(
    server: str, web: Any, session: Any, person: Any, register: Any
) -> None:
    token = exchanged(server, web, session, person)
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(register("authorization-code")).refresh_token(f"{server}/o/token", refresh_token=token["refresh_token"])


def test_a_disabled_account_refreshes_nothing(server: str, web: Any, session: Any, person: Any) -> None:
    token = exchanged(server, web, session, person)
    person.is_active = False
    person.save()
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(web).refresh_token(f"{server}/o/token", refresh_token=token["refresh_token"])


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_stops_at_once(server: str, web: Any, session: Any, person: Any, kind: str) -> None:
    token = exchanged(server, web, session, person)
    answer = session(web).revoke_token(f"{server}/o/revoke_token", token=token[kind], token_type_hint=kind)
    assert answer.status_code == 200
    assert me(server, token["access_token"]).status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(web).refresh_token(f"{server}/o/token", refresh_token=token["refresh_token"])
