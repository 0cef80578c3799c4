"""Sign-in with user name and password: access and refresh tokens of the API's own application; and how all of it ends.

They stand in the same tables as those that other programs get by OAuth, so one check serves all.

Where an account's password, name, address, role or rights change, the database ends all that it has open, whichever
door was used (`crm_account_changed`, `crm_rights_changed`): tokens, codes and devices are taken away, and the version
of its sessions is raised. So whatever gives out a token asks first whether the account may still `stand`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken, set_token_value

from crm.auth import audit
from crm.auth.accounts import may_act
from crm.auth.tokens import mint
from crm.models import Application, User
from crm.models.applications import FIRST_PARTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest


class AccountChanged(Exception):
    """The account is disabled, gone, or no longer what it was when somebody proved to be it."""


class RefreshRefused(Exception):
    """The refresh token is unknown, expired, revoked, used before, or of a disabled account."""


@dataclass(frozen=True)
class Session:
    """What a client gets: two tokens, shown once."""

    access_token: str
    refresh_token: str
    scope: str
    user: User


def own_application() -> Application:
    """Return the application that stands for the API's own sign-in; a migration made it."""
    application: Application = Application.objects.get(client_id=FIRST_PARTY)
    return application


def hold(rows: QuerySet[Any]) -> None:
    """Lock the accounts of some rows, before the rows: in the order of a change that ends what they have open."""
    list(User.objects.select_for_update(no_key=True).filter(pk__in=rows.values("user")).order_by("pk").values("pk"))


def stand(user: User) -> None:
    """Lock an account and raise AccountChanged, unless it is active and what it was when `user` was read."""
    known = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True)
    if known.values_list("session_version", flat=True).first() != user.session_version:
        raise AccountChanged


@contextmanager
def in_hand(request: HttpRequest) -> Iterator[None]:
    """Keep the session of a request that changes its own account, or its own role, in one transaction.

    PermissionDenied is raised where the session has just been ended by somebody else: it must not outlive that.
    """
    user = cast("User", request.user)
    version = user.session_version
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('crm.rights', 0))")  # one order for all accounts
        try:
            stand(user)
        except AccountChanged as error:
            raise PermissionDenied from error
        yield
        changed = User.objects.filter(pk=user.pk, is_active=True).exclude(session_version=version).first()
        if changed is not None:
            update_session_auth_hash(request, changed)


@transaction.atomic
def end_all(*, user: User, by: User) -> None:
    """End all that an account has open: sessions, tokens, codes on their way, and devices that were let in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_sign_out(ARRAY[%s]::uuid[])", [user.pk])
    audit.record("signed_out_everywhere", user=user.pk, by=by.pk)


@transaction.atomic
def begin(*, user: User, scopes: Sequence[str]) -> Session:
    """Sign a person in; AccountChanged is raised where the account is no longer what was authenticated."""
    stand(user)
    audit.record("token", user=user.pk, client=FIRST_PARTY, grant="password", scope=" ".join(scopes))
    return issue(user=user, scopes=scopes, family=uuid4())


def issue(*, user: User, scopes: Sequence[str], family: UUID, source: RefreshToken | None = None) -> Session:
    """Store a new pair of tokens of a family and return it."""
    application = own_application()
    access = mint(user=user, application=application, scopes=scopes)
    access_row = AccessToken(
        user=user,
        application=application,
        scope=" ".join(scopes),
        expires=timezone.now() + settings.ACCESS_TOKEN_LIFETIME,
        source_refresh_token=source,
    )
    set_token_value(access_row, access)
    access_row.save()
    refresh = token_urlsafe(48)
    refresh_row = RefreshToken(user=user, application=application, access_token=access_row, token_family=family)
    set_token_value(refresh_row, refresh)
    refresh_row.save()
    return Session(access, refresh, access_row.scope, user)


def renew(*, token: str) -> Session:
    """Exchange a refresh token for a new pair; a token used before ends its whole family (RFC 9700, section 4.14.2).

    RefreshRefused is raised where it does not count.
    """
    session, family = rotate(sha256(token.encode()).hexdigest())
    if session is None:
        RefreshToken.revoke_family(family)
        audit.record("refresh_refused", client=FIRST_PARTY, family=family)
        raise RefreshRefused
    audit.record("token", user=session.user.pk, client=FIRST_PARTY, grant="refresh_token", scope=session.scope)
    return session


@transaction.atomic
def rotate(checksum: str) -> tuple[Session | None, UUID | None]:
    """Return a new pair and nothing, or nothing and the family to end: the end must outlive this transaction."""
    hold(RefreshToken.objects.filter(token_checksum=checksum))
    row = (
        RefreshToken.objects.select_for_update(of=("self",))
        .select_related("access_token", "user")
        .filter(token_checksum=checksum, application__client_id=FIRST_PARTY)
        .first()
    )
    if row is None:
        return None, None
    access = row.access_token
    if row.revoked is not None or access is None or row.token_family is None or not may_act(row.user):
        return None, row.token_family
    if access.expires + settings.REFRESH_TOKEN_LIFETIME <= timezone.now():
        return None, row.token_family
    scopes = access.scope.split()
    row.revoke()
    return issue(user=row.user, scopes=scopes, family=row.token_family, source=row), None


def end(*, user: User, token: str, checksum: str) -> None:
    """Sign out: end the family of the person's refresh token, or else of the access token with this checksum.

    An access token that has no family, such as that of a program for itself, is revoked alone.
    """
    owned = RefreshToken.objects.filter(user=user.pk)
    found = (
        owned.filter(token_checksum=sha256(token.encode()).hexdigest())
        if token
        else owned.filter(access_token__token_checksum=checksum)
    )
    for family in set(found.values_list("token_family", flat=True)):
        RefreshToken.revoke_family(family)
    if not token:
        AccessToken.objects.filter(token_checksum=checksum).delete()
    audit.record("signed_out", user=user.pk)
