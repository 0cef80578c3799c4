from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from oauth2_provider.models import AccessToken

from tests.crm.auth.conftest import SECRET
from tests.crm.auth.flows import DEVICE, SCOPES, exchanged, me

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_program_acts_as_its_service_account(server: str, robot: Any, session: Any, integration: Any) -> None:
    token = session(robot).fetch_token(f"{server}/o/token", grant_type="client_credentials", scope=SCOPES)
    assert sorted(token) == ["access_token", "expires_at", "expires_in", "scope", "token_type"]
    claims = jwt.decode(token["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["client_id"]) == (str(integration.pk), robot.client_id)
    assert (claims["aud"], claims["iss"]) == (f"{server}/api/v1", server)
    assert me(server, token["access_token"]).json()["username"] == integration.username
    assert AccessToken.objects.get().user == integration


def test_a_slash_at_the_end_changes_nothing(server: str, robot: Any, session: Any) -> None:
    token = session(robot, token_endpoint_auth_method="client_secret_post").fetch_token(
        f"{server}/o/token/", grant_type="client_credentials"
    )
    assert token["scope"] == "customers:read sales:read marketing:read service:read directory:read"


def test_a_program_whose_account_is_disabled_gets_nothing(
    server: str, robot: Any, session: Any, integration: Any
) -> None:
    integration.is_active = False
    integration.save()
    with pytest.raises(OAuthError, match="unauthorized_client"):
        session(robot).fetch_token(f"{server}/o/token", grant_type="client_credentials")


@pytest.mark.parametrize(
    ("data", "status", "error"),
    [
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "a\0b", "client_secret": "c"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "root"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "resource": "https://elsewhere.example"}, 400, "invalid_target"),
        ({"grant_type": "client_credentials", "scope": "x" * 5000}, 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unauthorized_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "password", "username": "a", "password": "b"}, 400, "invalid_grant"),
        ({"grant_type": DEVICE}, 400, "unauthorized_client"),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({}, 400, "unsupported_grant_type"),
    ],
    ids=str,
)
def test_a_wrong_token_request_is_refused(server: str, robot: Any, data: Any, status: int, error: str) -> None:
    sent = {"client_id": robot.client_id, "client_secret": SECRET, **data}
    answer = requests.post(f"{server}/o/token", data=sent, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not AccessToken.objects.exists()


def test_introspection_tells_a_program_of_its_own_tokens(server: str, web: Any, session: Any, person: Any) -> None:
    token = exchanged(server, web, session, person)["access_token"]
    known = session(web).introspect_token(f"{server}/o/introspect", token=token).json()
    assert (known["active"], known["token_type"], known["username"]) == (True, "Bearer", person.username)
    assert (known["scope"], known["client_id"], known["sub"]) == (SCOPES, web.client_id, str(person.pk))
    person.is_active = False
    person.save()
    assert session(web).introspect_token(f"{server}/o/introspect", token=token).json() == {"active": False}
    assert session(web).introspect_token(f"{server}/o/introspect", token="unknown").json() == {"active": False}


def test_introspection_says_nothing_of_tokens_of_others(
    server: str, web: Any, robot: Any, session: Any, person: Any, token_for: Any
) -> None:
    for token in (exchanged(server, web, session, person)["access_token"], token_for(person)):
        told = session(robot).introspect_token(f"{server}/o/introspect", token=token)
        assert (told.status_code, told.json()) == (200, {"active": False})


@pytest.fixture
def web_token(server: str, web: Any, session: Any, person: Any) -> str:
    """Return the token that a program holds of a person."""
    return str(exchanged(server, web, session, person)["access_token"])


def asked_with(server: str, bearer: str, token: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {bearer}"}
    answer = requests.post(f"{server}/o/introspect", data={"token": token}, headers=headers, timeout=60)
    return answer.status_code, answer.json().get("active", answer.json().get("error"))


@pytest.fixture
def bearer(server: str, register: Any, session: Any, make_user: Any) -> Any:
    """Return the token of a confidential program whose account has a role."""

    def make(role: str, scope: str) -> str:
        guard = register("client-credentials", user=make_user(role))
        token = session(guard).fetch_token(f"{server}/o/token", grant_type="client_credentials", scope=scope)
        return str(token["access_token"])

    return make


@pytest.mark.parametrize(
    ("role", "scope", "expected"),
    [
        ("Administrator", "tokens:introspect", (200, True)),
        ("Administrator", "customers:read", (403, "insufficient_scope")),
        ("Integration", "tokens:introspect", (403, "insufficient_scope")),
    ],
)
def test_introspection_of_all_tokens_needs_a_scope_and_an_account_that_sees_applications(
    server: str, bearer: Any, web_token: str, role: str, scope: str, expected: Any
) -> None:
    assert asked_with(server, bearer(role, scope), web_token) == expected


def test_introspection_by_bearer_is_for_confidential_programs(server: str, make_user: Any, token_for: Any) -> None:
    own = token_for(make_user("Administrator"), "tokens:introspect")
    assert asked_with(server, own, own) == (403, "insufficient_scope")
    assert asked_with(server, "made-up", own) == (401, "invalid_token")


def test_introspection_tells_nobody_else(server: str, register: Any, robot: Any, token_for: Any, person: Any) -> None:
    token = token_for(person)
    public = register("authorization-code", client_type="public")
    credentials = {"client_id": public.client_id, "client_secret": SECRET}
    for data in ({}, {"token": token}, {"token": token, **credentials}):
        answer = requests.post(f"{server}/o/introspect", data=data, timeout=60)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert requests.get(f"{server}/o/introspect", params={"token": token}, timeout=60).status_code == 405
    empty = requests.post(f"{server}/o/introspect", auth=(robot.client_id, SECRET), timeout=60)
    assert (empty.status_code, empty.json()["error"]) == (400, "invalid_request")


def test_programs_register_themselves_only_where_that_is_switched_on(server: str, settings: Any) -> None:
    body = {"redirect_uris": ["https://app.example/cb"], "client_name": "App", "grant_types": ["authorization_code"]}
    assert requests.post(f"{server}/o/register", json=body, timeout=60).status_code == 404
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}
    headers = {"Authorization": "Bearer the-initial-one"}
    assert requests.post(f"{server}/o/register", json=body, headers=headers, timeout=60).status_code in {401, 403}
    settings.INITIAL_ACCESS_TOKEN = "the-initial-one"
    made = requests.post(f"{server}/o/register", json=body, headers=headers, timeout=60)
    assert made.status_code == 201
    assert made.json()["client_name"] == "App"


def test_the_documents_lead_programs_to_everything(server: str) -> None:
    resource = requests.get(f"{server}/.well-known/oauth-protected-resource/api/v1", timeout=60).json()
    assert (resource["resource"], resource["authorization_servers"]) == (f"{server}/api/v1", [server])
    known = requests.get(f"{server}/.well-known/oauth-authorization-server", timeout=60).json()
    assert known["issuer"] == server
    assert known["token_endpoint"] == f"{server}/o/token"
    assert known["device_authorization_endpoint"] == f"{server}/o/device-authorization"
    assert known["code_challenge_methods_supported"] == ["S256"]
    assert known["authorization_response_iss_parameter_supported"] is True
    assert not {"password", "implicit"} & set(known["grant_types_supported"])
    assert "registration_endpoint" not in known
    challenge = me(server, "x").headers["WWW-Authenticate"]
    assert f'resource_metadata="{server}/.well-known/oauth-protected-resource/api/v1"' in challenge


def test_tasks_tags_views_and_files_are_for_those_that_ask(server: str, robot: Any, session: Any) -> None:
    asked = "tasks:read tags:read views:read attachments:read"
    token = session(robot).fetch_token(f"{server}/o/token", grant_type="client_credentials", scope=asked)
    assert token["scope"] == asked
