from __future__ import annotations

import base64
import hmac
import json
from dataclasses import FrozenInstanceError
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jwcrypto.jwk import JWK
from oauth2_provider.models import AccessToken

from crm.auth import keys
from crm.auth.authentication import InvalidToken, identify
from crm.auth.tokens import mint
from crm.models import Application

ME = "/api/v1/me"


def challenge_of(client: Any, token: str) -> tuple[int, str]:
    answer = client.get(ME, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.headers["WWW-Authenticate"]


def signed_again(settings: Any, token: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
    key = settings.JWT_KEYS[0]
    known = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**known, **claims}, key.signing, "HS256", {"typ": "at+jwt", "kid": key.id, **(header or {})})


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def jwk_set(*items: JWK) -> str:
    return json.dumps({"keys": [item.export(as_dict=True) for item in items]})


def test_a_token_says_what_rfc_9068_asks(token_for: Any, make_user: Any, settings: Any) -> None:
    user = make_user()
    token = token_for(user, "customers:read", "admin")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert sorted(claims) == ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"]
    assert (claims["iss"], claims["aud"]) == (settings.BASE_URL, f"{settings.BASE_URL}/api/v1")
    assert (claims["sub"], claims["client_id"]) == (str(user.pk), "crm")
    assert claims["scope"] == "customers:read admin"
    assert claims["exp"] - claims["iat"] == 600


def test_a_token_is_checked_by_one_statement(token_for: Any, make_user: Any, make_team: Any) -> None:
    team = make_team()
    token = token_for(make_user("Sales manager", team=team, first_name="Ann", is_staff=True), "customers:read")
    with CaptureQueriesContext(connection) as queries:
        user, credentials = identify(token)
        assert user.has_perm("customers.delete_customer")
        assert not user.has_perm("auth.delete_group")
        assert (user.team_id, user.first_name, user.is_staff, user.is_superuser) == (team.pk, "Ann", True, False)
        assert (user.is_active, credentials.scopes) == (True, frozenset({"customers:read"}))
    assert len(queries) == 1


def test_a_permission_given_directly_counts(token_for: Any, make_user: Any) -> None:
    from django.contrib.auth.models import Permission

    user = make_user("Auditor")
    user.user_permissions.add(Permission.objects.get(codename="delete_customer"))
    assert "customers.delete_customer" in identify(token_for(user))[0].permission_set


def test_a_permission_withdrawn_is_gone_at_the_next_request(token_for: Any, make_user: Any) -> None:
    user = make_user("Sales manager")
    token = token_for(user)
    assert identify(token)[0].has_perm("customers.delete_customer")
    user.groups.clear()
    with pytest.raises(InvalidToken):
        identify(token)
    assert identify(token_for(user))[0].permission_set == frozenset()


def test_a_disabled_account_is_out_at_the_next_request(
    client_without_token: Any, token_for: Any, make_user: Any
) -> None:
    user = make_user()
    token = token_for(user)
    user.is_active = False
    user.save()
    status, challenge = challenge_of(client_without_token, token)
    assert status == 401
    assert 'error="invalid_token"' in challenge


def test_a_token_counts_only_while_its_application_is_on(token_for: Any, make_user: Any) -> None:
    token = token_for(make_user())
    Application.objects.filter(client_id="crm").update(is_active=False)
    with pytest.raises(InvalidToken):
        identify(token)
    Application.objects.filter(client_id="crm").update(is_active=True)
    assert identify(token)[1].client_id == "crm"


def test_what_a_token_says_is_neither_changed_nor_logged_with_what_finds_it(token_for: Any, make_user: Any) -> None:
    credentials: Any = identify(token_for(make_user(), "customers:read"))[1]
    assert len(credentials.checksum) == 64
    assert credentials.checksum not in repr(credentials)
    with pytest.raises(FrozenInstanceError):
        credentials.scopes = frozenset({"admin"})


def test_a_revoked_token_is_out_at_the_next_request(client_without_token: Any, token_for: Any, make_user: Any) -> None:
    token = token_for(make_user())
    AccessToken.objects.all().delete()
    status, challenge = challenge_of(client_without_token, token)
    assert status == 401
    assert 'error="invalid_token"' in challenge


def test_a_token_nobody_stored_is_worth_nothing(client_without_token: Any, make_user: Any) -> None:
    from crm.auth.sessions import own_application

    token = mint(user=make_user(), application=own_application(), scopes=["admin"])
    assert challenge_of(client_without_token, token)[0] == 401


def test_an_expired_row_stops_a_token_that_says_otherwise(
    client_without_token: Any, token_for: Any, make_user: Any
) -> None:
    token = token_for(make_user())
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert challenge_of(client_without_token, token)[0] == 401


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"exp": 1_700_000_000}, {}),
        ({"aud": "https://elsewhere.example/api/v1"}, {}),
        ({"iss": "https://elsewhere.example"}, {}),
        ({"sub": "somebody else"}, {}),
        ({"scope": "admin"}, {}),
        ({"nbf": 9_999_999_999}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"kid": "unknown"}),
        ({}, {"crit": ["b64"]}),
    ],
    ids=str,
)
def test_a_token_changed_does_not_count(
    client_without_token: Any, token_for: Any, make_user: Any, settings: Any, claims: Any, header: Any
) -> None:
    token = signed_again(settings, token_for(make_user()), header, **claims)
    status, challenge = challenge_of(client_without_token, token)
    assert status == 401
    assert challenge.startswith('Bearer error="invalid_token", resource_metadata="')


def test_a_token_without_a_claim_does_not_count(
    client_without_token: Any, token_for: Any, make_user: Any, settings: Any
) -> None:
    key = settings.JWT_KEYS[0]
    known = jwt.decode(token_for(make_user()), options={"verify_signature": False})
    for name in known:
        left = {item: value for item, value in known.items() if item != name}
        token = jwt.encode(left, key.signing, "HS256", {"typ": "at+jwt", "kid": key.id})
        assert challenge_of(client_without_token, token)[0] == 401, name


def test_a_token_signed_by_nobody_or_a_stranger_does_not_count(
    client_without_token: Any, token_for: Any, make_user: Any, settings: Any
) -> None:
    token = token_for(make_user())
    kid = settings.JWT_KEYS[0].id
    _header, claims, _signature = token.split(".")
    for algorithm in ("none", "None", "HS512", "RS256"):
        header = segment({"typ": "at+jwt", "kid": kid, "alg": algorithm})
        assert challenge_of(client_without_token, f"{header}.{claims}.")[0] == 401
    known = jwt.decode(token, options={"verify_signature": False})
    stranger = jwt.encode(known, b"x" * 32, "HS256", {"typ": "at+jwt", "kid": kid})
    assert challenge_of(client_without_token, stranger)[0] == 401


@pytest.mark.parametrize(
    "token", ["", " ", ".", "..", "a.b.c", "é", "\x00", "x" * 9000, f"{'[' * 300}.e30.x", "bnVsbA.e30.x", "W10.e30.x"]
)
def test_what_is_no_token_is_refused(client_without_token: Any, token: str) -> None:
    assert challenge_of(client_without_token, token)[0] == 401


def test_a_token_counts_only_in_the_header(client_without_token: Any, token_for: Any, make_user: Any) -> None:
    user = make_user()
    client_without_token.force_login(user, backend="crm.auth.accounts.Accounts")
    answer = client_without_token.get(ME, {"access_token": token_for(user)})
    assert answer.status_code == 401
    assert "error=" not in answer.headers["WWW-Authenticate"]


def test_the_scheme_is_read_whatever_its_case(client_without_token: Any, token_for: Any, make_user: Any) -> None:
    token = token_for(make_user())
    assert client_without_token.get(ME, headers={"Authorization": f"bearer  {token}"}).status_code == 200


@pytest.mark.parametrize(("kind", "algorithm"), [("EC", "ES256"), ("RSA", "RS256")])
def test_keys_rotate(token_for: Any, make_user: Any, settings: Any, kind: str, algorithm: str) -> None:
    options: dict[str, Any] = {"crv": "P-256"} if kind == "EC" else {"size": 2048}
    old, new = JWK.generate(kty=kind, **options), JWK.generate(kty=kind, **options)
    settings.JWT_KEYS = keys.read(jwk_set(old), "")
    first = token_for(make_user())
    settings.JWT_KEYS = keys.read(jwk_set(new, old), "")
    second = token_for(make_user())
    assert jwt.get_unverified_header(second)["alg"] == algorithm
    assert jwt.get_unverified_header(first)["kid"] != jwt.get_unverified_header(second)["kid"]
    assert identify(first)[1].client_id == identify(second)[1].client_id == "crm"
    settings.JWT_KEYS = keys.read(jwk_set(new), "")
    with pytest.raises(Exception, match="not valid"):
        identify(first)


def test_the_secret_key_rotates(token_for: Any, make_user: Any, settings: Any) -> None:
    token = token_for(make_user())
    settings.JWT_KEYS = keys.read("", "another secret", [settings.SECRET_KEY])
    assert identify(token)[1].client_id == "crm"
    settings.JWT_KEYS = keys.read("", "another secret")
    with pytest.raises(Exception, match="not valid"):
        identify(token)


def test_a_public_key_is_no_shared_secret(
    client_without_token: Any, token_for: Any, make_user: Any, settings: Any
) -> None:
    key = JWK.generate(kty="RSA", size=2048)
    settings.JWT_KEYS = keys.read(jwk_set(key), "")
    token = token_for(make_user())
    header = {"typ": "at+jwt", "kid": settings.JWT_KEYS[0].id, "alg": "HS256"}
    claims = jwt.decode(token, options={"verify_signature": False})
    signed = f"{segment(header)}.{segment(claims)}"
    mac = hmac.digest(key.export_to_pem(), signed.encode(), "sha256")
    forged = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    assert challenge_of(client_without_token, forged)[0] == 401


def test_the_key_set_shows_public_halves_only(client_without_token: Any, settings: Any) -> None:
    assert client_without_token.get("/.well-known/jwks.json").json() == {"keys": []}
    settings.JWT_KEYS = keys.read(jwk_set(JWK.generate(kty="EC", crv="P-256"), JWK.generate(kty="oct", size=256)), "")
    (shown,) = client_without_token.get("/.well-known/jwks.json").json()["keys"]
    assert sorted(shown) == ["alg", "crv", "kid", "kty", "use", "x", "y"]
    assert shown["kid"] == settings.JWT_KEYS[0].id


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}',
        '{"keys": [{"kty": "EC", "crv": "P-256"}]}',
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
        jwk_set(JWK.generate(kty="EC", crv="P-384")),
        json.dumps({"keys": [JWK.generate(kty="EC", crv="P-256").export_public(as_dict=True)]}),
        jwk_set(JWK.from_pyca(rsa.generate_private_key(65537, 1024))),  # noqa: S505 -- weak on purpose
    ],
)
def test_keys_that_cannot_be_used_are_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="JWT_KEYS"):
        keys.read(text, "")
