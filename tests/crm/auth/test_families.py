"""Which refresh tokens count, and what a sign-out ends and leaves."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken, set_token_value

from crm.auth import sessions
from crm.auth.authentication import InvalidToken, identify
from crm.auth.tokens import mint
from crm.models import Application, User

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


def counts(token: str) -> bool:
    """Tell whether an access token still opens the API."""
    try:
        return identify(token)[1].jti != ""
    except InvalidToken:
        return False


def checksum(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def alone(user: User, application: Application) -> str:
    """Return an access token that has no refresh token, as a program gets for itself."""
    token = mint(user=user, application=application, scopes=["customers:read"])
    row = AccessToken(user=user, application=application, expires=timezone.now() + timedelta(minutes=10))
    set_token_value(row, token)
    row.save()
    return token


def forget_access() -> None:
    AccessToken.objects.all().delete()


def forget_family() -> None:
    RefreshToken.objects.update(token_family=None)


def give_to_a_program() -> None:
    RefreshToken.objects.update(application=Application.objects.create(name="Mirror"))


def revoke() -> None:
    RefreshToken.objects.update(revoked=timezone.now())


@pytest.mark.parametrize("lose", [forget_access, forget_family, give_to_a_program, revoke])
def test_a_refresh_token_without_what_it_stands_on_buys_nothing(make_user: Any, lose: Callable[[], None]) -> None:
    session = sessions.begin(user=make_user(), scopes=["customers:read"])
    lose()
    before = AccessToken.objects.count()
    with pytest.raises(sessions.RefreshRefused):
        sessions.renew(token=session.refresh_token)
    assert (RefreshToken.objects.count(), AccessToken.objects.count() <= before) == (1, True)


def test_tokens_that_a_disabled_account_still_has_count_for_nothing(make_user: Any) -> None:
    user = make_user(is_active=False)
    session = sessions.issue(user=user, scopes=["customers:read"], family=uuid4())
    assert counts(session.access_token) is False
    with pytest.raises(sessions.RefreshRefused):
        sessions.renew(token=session.refresh_token)
    assert not AccessToken.objects.exists()


def test_a_disabled_account_begins_no_session(make_user: Any) -> None:
    user = make_user(is_active=False)
    with pytest.raises(sessions.AccountChanged):
        sessions.begin(user=user, scopes=[])
    assert not RefreshToken.objects.exists()


def test_a_session_begins_whatever_became_of_other_accounts(make_user: Any) -> None:
    others = [make_user(), make_user(is_active=False)]
    User.objects.filter(pk__in=[one.pk for one in others]).update(email="new@example.com")
    assert counts(sessions.begin(user=make_user(), scopes=[]).access_token)


def test_a_sign_out_leaves_the_persons_other_sessions(make_user: Any) -> None:
    user = make_user()
    ended, kept = (sessions.begin(user=user, scopes=[]) for _number in range(2))
    sessions.end(user=user, token="", checksum=checksum(ended.access_token))
    assert (counts(ended.access_token), counts(kept.access_token)) == (False, True)
    assert sessions.renew(token=kept.refresh_token).user == user


def test_a_program_that_signs_out_ends_the_one_token_that_it_shows(integration: User) -> None:
    robot = Application.objects.create(name="Robot", user=integration)
    ended, kept = alone(integration, robot), alone(integration, robot)
    sessions.end(user=integration, token="", checksum=checksum(ended))
    assert (counts(ended), counts(kept)) == (False, True)


def test_a_sign_out_by_a_session_without_a_family_ends_its_access_token(make_user: Any) -> None:
    user = make_user()
    session = sessions.begin(user=user, scopes=[])
    forget_family()
    sessions.end(user=user, token="", checksum=checksum(session.access_token))
    assert counts(session.access_token) is False


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's"])
def test_a_sign_out_by_anothers_refresh_token_ends_nothing(make_user: Any, whose: str) -> None:
    user = make_user()
    own, other = sessions.begin(user=user, scopes=[]), sessions.begin(user=make_user(), scopes=[])
    shown = other.refresh_token if whose == "a stranger's" else "unknown"
    sessions.end(user=user, token=shown, checksum=checksum(own.access_token))
    assert (counts(own.access_token), counts(other.access_token)) == (True, True)
