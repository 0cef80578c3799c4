"""Who calls the API: the one way a token is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenBackendError

from crm.auth.accounts import MARKED
from crm.auth.limits import COUNT, SECOND, WINDOW, Usage, usage
from crm.auth.tokens import claims_of
from crm.custom.definitions import VERSION
from crm.database.prepared import fetch_one
from crm.models import User

if TYPE_CHECKING:
    from rest_framework.request import Request

NOT_LOADED: Final = {"password", "last_login", "date_joined", "session_version"}
USER_FIELDS: Final = tuple(  # in the model's own order, by which `from_db` reads them
    name for name in (field.attname for field in User._meta.concrete_fields) if name not in NOT_LOADED
)

# The rows are counted in one order, so that no two requests wait for each other.
COUNTED: Final = COUNT.format(rows="SELECT key, minute, 1 FROM bearer, unnest(ARRAY[application_key, user_key]) AS key")
# The bearer, if the token is not revoked and account and application are active; counted for both limits; with every
# permission.
STATEMENT: Final = f"""
    WITH bearer AS MATERIALIZED (
        SELECT {", ".join(f"u.{name}" for name in USER_FIELDS)}, a.client_id, a.name AS application, a.rate_limit,
            'a:' || a.id AS application_key, 'u:' || u.id AS user_key, {SECOND} AS second, {SECOND} / {WINDOW} AS minute
        FROM oauth2_provider_accesstoken t
        JOIN crm_user u ON u.id = t.user_id
        JOIN crm_application a ON a.id = t.application_id
        WHERE t.token_checksum = %s AND t.expires > statement_timestamp() AND u.is_active AND a.is_active
            AND (%s OR NOT {MARKED.format(key="u.id")})
    ), counted AS ({COUNTED}), permissions AS MATERIALIZED (
        SELECT g.permission_id FROM bearer b
            JOIN crm_user_groups m ON m.user_id = b.id JOIN auth_group_permissions g ON g.group_id = m.group_id
        UNION SELECT d.permission_id FROM bearer b JOIN crm_user_user_permissions d ON d.user_id = b.id
    )
    SELECT {", ".join(f"b.{name}" for name in USER_FIELDS)}, b.client_id, b.application, b.rate_limit,
        (SELECT hits FROM counted WHERE key = b.application_key),
        (SELECT hits FROM counted WHERE key = b.user_key),
        b.second,
        ARRAY(
            SELECT c.app_label || '.' || p.codename FROM permissions h
            JOIN auth_permission p ON p.id = h.permission_id JOIN django_content_type c ON c.id = p.content_type_id
        ),
        {VERSION}
    FROM bearer b
"""  # noqa: S608 -- made of constants


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a valid token says, and how much of its limits is used."""

    client_id: str
    application: str
    scopes: frozenset[str]
    jti: str
    expires_at: datetime
    checksum: str = field(repr=False)
    rate: tuple[Usage, ...]


class InvalidToken(AuthenticationFailed):
    """A bearer token that does not count, with the challenge of RFC 6750, section 3.1."""

    def __init__(self, detail: Any) -> None:
        """Take a sentence for people."""
        super().__init__(detail)
        self.headers = {"WWW-Authenticate": challenge('error="invalid_token"')}


class BearerAuthentication(BaseAuthentication):
    """A JWT in the Authorization header; cookies and query parameters count for nothing."""

    def authenticate(self, request: Request) -> tuple[User, Credentials] | None:
        """Return the person and the credentials, by one question to the database; None without a bearer token."""
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return identify(token.strip())

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge for whoever shows no token."""
        return challenge()


def challenge(*parts: str) -> str:
    """Return a challenge that names the protected resource's metadata (RFC 9728, section 5.1)."""
    metadata = f'resource_metadata="{settings.BASE_URL}/.well-known/oauth-protected-resource/api/v1"'
    return f"Bearer {', '.join((*parts, metadata))}"


def identify(token: str) -> tuple[User, Credentials]:
    """Return who a token stands for and what it allows; raise InvalidToken where it does not count."""
    try:
        claims = claims_of(token)
    except TokenBackendError as error:
        raise InvalidToken(REASONS.get(str(error), REASONS[""])) from error
    checksum = sha256(token.encode()).hexdigest()
    row = fetch_one(STATEMENT, [checksum, settings.SERVES_DEMONSTRATION])
    if row is None:
        raise InvalidToken(_("The token is revoked, or its account or application is disabled."))
    names = len(USER_FIELDS)
    client_id, application, limit, application_hits, user_hits, second, permissions, version = row[names:]
    user = User.from_db("default", USER_FIELDS, row[:names])
    user.permission_set = frozenset(permissions)
    user.custom_version = version
    return user, Credentials(
        client_id=client_id,
        application=application,
        scopes=frozenset(claims["scope"].split()),
        jti=claims["jti"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        checksum=checksum,
        rate=(
            usage("application", limit or settings.RATE_LIMIT_APPLICATION, application_hits, second),
            usage("user", settings.RATE_LIMIT_USER, user_hits, second),
        ),
    )


REASONS: Final = {
    "": _("The token is not valid."),
    "The token has expired.": _("The token has expired."),
    "The token is for another audience.": _("The token is for another audience."),
    "The token is from another issuer.": _("The token is from another issuer."),
}
