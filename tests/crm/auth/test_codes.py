from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from jwcrypto.jwk import JWK
from oauth2_provider.models import AccessToken

from crm.auth import keys
from crm.models import Grant
from tests.crm.auth.conftest import CALLBACK
from tests.crm.auth.flows import SCOPES, VERIFIER, allow, exchanged, me, query, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_code_buys_tokens_once(server: str, web: Any, session: Any, person: Any) -> None:
    given = allow(person, web)
    assert (given["state"], given["iss"]) == ("xyz", server)
    assert Grant.objects.get().code == hashlib.sha256(given["code"].encode()).hexdigest()
    program = session(web, redirect_uri=CALLBACK)
    token = program.fetch_token(f"{server}/o/token", code=given["code"], code_verifier=VERIFIER)
    assert (token["scope"], token["expires_in"]) == (SCOPES, 600)
    assert me(server, token["access_token"]).json()["application"] == web.client_id
    with pytest.raises(OAuthError, match="invalid_grant"):
        program.fetch_token(f"{server}/o/token", code=given["code"], code_verifier=VERIFIER)


def test_what_the_database_holds_is_no_code(server: str, web: Any, session: Any, person: Any) -> None:
    allow(person, web)
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(web, redirect_uri=CALLBACK).fetch_token(
            f"{server}/o/token", code=Grant.objects.get().code, code_verifier=VERIFIER
        )


@pytest.mark.parametrize("verifier", ["", "another-verifier-of-at-least-forty-three-characters-012"])
def test_a_code_without_its_verifier_is_worth_nothing(
    server: str, web: Any, session: Any, person: Any, verifier: str
) -> None:
    given = allow(person, web)
    with pytest.raises(OAuthError, match=r"invalid_grant|invalid_request"):
        session(web, redirect_uri=CALLBACK).fetch_token(f"{server}/o/token", code=given["code"], code_verifier=verifier)
    assert not AccessToken.objects.exists()


def test_a_code_of_an_account_disabled_since_is_worth_nothing(server: str, web: Any, session: Any, person: Any) -> None:
    given = allow(person, web)
    person.is_active = False
    person.save()
    with pytest.raises(OAuthError, match="invalid_grant"):
        session(web, redirect_uri=CALLBACK).fetch_token(f"{server}/o/token", code=given["code"], code_verifier=VERIFIER)


def test_whoever_refuses_gives_no_code(server: str, web: Any, person: Any) -> None:
    client, asked = signed_in(person), query(web)
    form = client.get(f"/o/authorize?{urlencode(asked)}").context["form"]
    sent = {name: value for name, value in form.initial.items() if value is not None}
    answer = client.post(f"/o/authorize?{urlencode(asked)}", sent)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?error=access_denied")
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"scope": "root"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example/"}, "invalid_target"),
    ],
    ids=str,
)
def test_a_wrong_request_returns_with_its_error(
    server: str, web: Any, person: Any, changes: dict[str, str], error: str
) -> None:
    client, asked = signed_in(person), query(web, **changes)
    answer = client.get(f"/o/authorize?{urlencode(asked)}")
    if answer.status_code == 200:
        sent = {name: value for name, value in answer.context["form"].initial.items() if value is not None}
        answer = client.post(f"/o/authorize?{urlencode(asked)}", {**sent, "allow": "true"})
    assert answer.status_code == 302
    assert f"error={error}" in answer.headers["Location"]
    assert answer.headers["Location"].startswith(CALLBACK)
    assert answer.headers["Location"].endswith(urlencode({"iss": server}))
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://attacker.example/"},
        {"redirect_uri": f"{CALLBACK}/more"},
        {"redirect_uri": f"{CALLBACK}?more=1"},
        {"redirect_uri": "http://127.0.0.1:9@attacker.example/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//attacker.example"},
        {"client_id": "unknown"},
        {"client_id": "a\0b"},
        {"client_id": "crm"},
        {"state": "x" * 5000},
        {"nonce": "x" * 300},
        {"code_challenge": "x" * 200},
    ],
    ids=str,
)
def test_nobody_is_sent_where_no_program_is_registered(
    server: str, web: Any, person: Any, changes: dict[str, str]
) -> None:
    answer = signed_in(person).get(f"/o/authorize?{urlencode(query(web, **changes))}")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_query_that_cannot_be_read_is_400(server: str, person: Any) -> None:
    assert signed_in(person).get("/o/authorize?client_id=%ZZ&redirect_uri=%").status_code == 400


@pytest.fixture
def identity(settings: Any) -> None:
    """Switch OpenID Connect on, by an RSA key."""
    jwks = f'{{"keys": [{JWK.generate(kty="RSA", size=2048).export()}]}}'
    settings.JWT_KEYS = keys.read(jwks, "")
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "SCOPES": {**settings.SCOPES, "openid": "Know who you are", "profile": "See your name"},
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": keys.first_rsa(settings.JWT_KEYS),
    }


@pytest.mark.usefixtures("identity")
def test_an_identity_token_is_signed_by_the_rsa_key(server: str, register: Any, session: Any, person: Any) -> None:
    application = register("authorization-code")
    token = exchanged(server, application, session, person, scope="openid profile", nonce="n-1")
    found = requests.get(f"{server}/.well-known/openid-configuration", timeout=60).json()
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token["id_token"])
    claims = jwt.decode(token["id_token"], key, algorithms=["RS256"], audience=application.client_id, issuer=server)
    assert (claims["sub"], claims["nonce"], claims["name"]) == (str(person.pk), "n-1", person.username)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    shown = requests.get(found["userinfo_endpoint"], headers=headers, timeout=60).json()
    assert (shown["sub"], shown["preferred_username"]) == (str(person.pk), person.username)
    again = session(application).refresh_token(f"{server}/o/token", refresh_token=token["refresh_token"])
    assert again["scope"] == "openid profile"
