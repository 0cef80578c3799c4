from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.crm.auth.conftest import SECRET
from tests.crm.auth.flows import me, query, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_password_grant_is_off_even_for_a_program_registered_for_it(
    server: str, register: Any, make_user: Any
) -> None:
    application, user = register("password"), make_user(password="correct-horse-battery")
    data = {"grant_type": "password", "username": user.username, "password": "correct-horse-battery"}
    answer = requests.post(f"{server}/o/token", data=data, auth=(application.client_id, SECRET), timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.filterwarnings("ignore:The OAuth 2.0 resource owner password:DeprecationWarning")
def test_the_password_grant_switched_on_twice_works_and_is_logged(
    server: str, register: Any, make_user: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": False}
    application, user = register("password"), make_user(password="correct-horse-battery")
    data = {"grant_type": "password", "username": user.username, "password": "correct-horse-battery"}
    answer = requests.post(f"{server}/o/token", data=data, auth=(application.client_id, SECRET), timeout=60)
    assert answer.status_code == 200
    assert "password credentials grant is discouraged by RFC 9700" in caplog.text
    data["username"] = "x" * 151
    refused = requests.post(f"{server}/o/token", data=data, auth=(application.client_id, SECRET), timeout=60)
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.filterwarnings("ignore:The OAuth 2.0 implicit grant:DeprecationWarning")
def test_the_implicit_grant_switched_on_twice_works(server: str, register: Any, person: Any, settings: Any) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": False}
    client, application = signed_in(person), register("implicit", client_type="public")
    asked = query(application, response_type="token", code_challenge="", code_challenge_method="")
    form = client.get(f"/o/authorize?{urlencode(asked)}").context["form"]
    sent = {name: value for name, value in form.initial.items() if value is not None}
    answer = client.post(f"/o/authorize?{urlencode(asked)}", {**sent, "allow": "true"})
    given = parse_qs(urlsplit(answer.headers["Location"]).fragment)
    assert me(server, given["access_token"][0]).status_code == 200
