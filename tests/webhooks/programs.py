"""Programs that were let in by somebody, as they call the API."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken, set_token_value

from crm.auth.tokens import mint
from crm.models import Application
from tests.clients import JSONClient

if TYPE_CHECKING:
    from crm.models import User

SCOPES = ("webhooks:manage", "customers:read", "customers:write")
CODE = "authorization-code"


def program(name: str = "Mirror", **fields: Any) -> Application:
    """Register a program that acts for people."""
    given = {"client_type": "confidential", "redirect_uris": "http://127.0.0.1:9/callback", **fields}
    made: Application = Application.objects.create(name=name, authorization_grant_type=CODE, **given)
    return made


def let_in(application: Application, user: User, *scopes: str) -> Any:
    """Return a client that calls the API for a person through a program, with a sign-in that it can renew."""
    access = mint(user=user, application=application, scopes=scopes)
    expires = timezone.now() + timedelta(minutes=10)
    row = AccessToken(user=user, application=application, scope=" ".join(scopes), expires=expires)
    set_token_value(row, access)
    row.save()
    refresh = RefreshToken(user=user, application=application, access_token=row, token_family=uuid4())
    set_token_value(refresh, token_urlsafe(48))
    refresh.save()
    return JSONClient(headers={"Authorization": f"Bearer {access}"})
