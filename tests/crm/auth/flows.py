"""What the tests of the OAuth flows share: a person who lets a program in, and a program that asks."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.test import Client

from tests.crm.auth.conftest import CALLBACK

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = "customers:read directory:read"


def me(server: str, token: str) -> requests.Response:
    return requests.get(f"{server}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="crm.auth.accounts.Accounts")
    return client


def query(application: Any, **changes: str) -> dict[str, str]:
    asked = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": CALLBACK,
        "scope": SCOPES,
        "state": "xyz",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value}


def allow(user: Any, application: Any, **changes: str) -> dict[str, str]:
    client, asked = signed_in(user), query(application, **changes)
    form = client.get(f"/o/authorize?{urlencode(asked)}").context["form"]
    sent = {name: value for name, value in form.initial.items() if value is not None}
    answer = client.post(f"/o/authorize?{urlencode(asked)}", {**sent, "allow": "true"})
    assert answer.headers["Location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchanged(server: str, application: Any, session: Any, user: Any, **changes: str) -> Any:
    given = allow(user, application, **changes)
    program = session(application, redirect_uri=CALLBACK)
    return program.fetch_token(f"{server}/o/token", code=given["code"], code_verifier=VERIFIER)
