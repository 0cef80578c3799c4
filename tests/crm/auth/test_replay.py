from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.housekeeping import remove_tokens
from crm.models import Grant
from tests.crm.auth.conftest import CALLBACK, SECRET
from tests.crm.auth.flows import VERIFIER, allow, exchanged, me

pytestmark = pytest.mark.django_db(transaction=True)


def exchange(server: str, program: Any, code: str, **changes: str) -> tuple[int, Any]:
    sent = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": program.client_id,
        "client_secret": SECRET if program.client_type == "confidential" else "",
        **changes,
    }
    answer = requests.post(f"{server}/o/token", data=sent, timeout=60)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("kind", ["confidential", "public"])
def test_a_code_that_comes_again_ends_its_tokens(server: str, register: Any, person: Any, kind: str) -> None:
    program = register("authorization-code", client_type=kind)
    code = allow(person, program)["code"]
    _status, token = exchange(server, program, code)
    assert me(server, token["access_token"]).status_code == 200
    status, refused = exchange(server, program, code)
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert me(server, token["access_token"]).status_code == 401
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked__isnull=True).exists()


def test_the_whole_family_ends_also_after_refreshing(server: str, web: Any, session: Any, person: Any) -> None:
    code = allow(person, web)["code"]
    _status, token = exchange(server, web, code)
    url = f"{server}/o/token"
    for _round in range(2):
        token = session(web).refresh_token(url, refresh_token=token["refresh_token"])
    assert exchange(server, web, code, code_verifier="of-a-thief-that-has-but-the-code-0123456789")[0] == 400
    assert me(server, token["access_token"]).status_code == 401
    sent = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    again = requests.post(url, data=sent, auth=(web.client_id, SECRET), timeout=60)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_other_tokens_of_the_person_go_on(server: str, web: Any, session: Any, person: Any) -> None:
    other = exchanged(server, web, session, person)["access_token"]
    code = allow(person, web)["code"]
    assert [exchange(server, web, code)[0] for _round in range(2)] == [200, 400]
    assert me(server, other).status_code == 200


def test_no_other_program_ends_tokens_by_a_code(server: str, web: Any, register: Any, person: Any) -> None:
    other = register("authorization-code", client_type="public")
    code = allow(person, web)["code"]
    token = exchange(server, web, code)[1]["access_token"]
    assert exchange(server, other, code)[0] == 400
    assert me(server, token).status_code == 200


def test_housekeeping_keeps_a_used_code_as_long_as_its_tokens_may_live(server: str, web: Any, person: Any) -> None:
    exchange(server, web, allow(person, web)["code"])
    remove_tokens()
    kept = Grant.objects.get()
    assert timedelta(days=13) < kept.expires - timezone.now() <= timedelta(days=14)
    Grant.objects.update(expires=timezone.now() - timedelta(seconds=1))
    remove_tokens()
    assert not Grant.objects.exists()
