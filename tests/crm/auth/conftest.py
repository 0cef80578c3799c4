"""A server of one's own, and programs registered with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from authlib.integrations.requests_client import OAuth2Session

from crm.models import Application

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.live_server_helper import LiveServer

SECRET = "a-secret-that-only-the-tests-know"
CALLBACK = "http://127.0.0.1:9/callback"


def at(settings: Any, url: str) -> None:
    """Let the CRM know itself under another address."""
    settings.BASE_URL = url
    settings.RATE_LIMIT_ADDRESS = 100_000
    settings.OAUTH2_PROVIDER = {
        **settings.OAUTH2_PROVIDER,
        "OIDC_ISS_ENDPOINT": url,
        "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": f"{url}/api/v1",
        "OAUTH_DEVICE_VERIFICATION_URI": f"{url}/o/device",
        "DEVICE_FLOW_INTERVAL": 1,
        "ALWAYS_RELOAD_OAUTHLIB_CORE": True,
    }


@pytest.fixture
def server(live_server: LiveServer, settings: Any) -> str:
    """Start the CRM and return its address."""
    at(settings, live_server.url)
    return str(live_server.url)


@pytest.fixture
def register(db: None) -> Callable[..., Application]:
    """Register a program."""

    def make(grant: str, **fields: Any) -> Application:
        fields.setdefault("client_type", "confidential")
        fields.setdefault("redirect_uris", CALLBACK)
        made: Application = Application.objects.create(
            name="Spreadsheet", authorization_grant_type=grant, client_secret=SECRET, **fields
        )
        return made

    return make


@pytest.fixture
def robot(register: Callable[..., Application], integration: Any) -> Application:
    """Register a program that acts for itself."""
    return register("client-credentials", user=integration)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OAuth2Session]:
    """Return Authlib's client of a program; plain http is good enough on this machine."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")

    def make(application: Application, **options: Any) -> OAuth2Session:
        secret = SECRET if application.client_type == "confidential" else None
        options.setdefault("token_endpoint_auth_method", "client_secret_basic" if secret else "none")
        return OAuth2Session(application.client_id, secret, **options)

    return make


@pytest.fixture
def web(register: Callable[..., Application]) -> Application:
    """Register a program that acts for people."""
    return register("authorization-code")


@pytest.fixture
def person(make_user: Any) -> Any:
    """Return somebody who lets programs in."""
    return make_user("Sales manager")
