"""A change of an account, and what gives out tokens in the same moment: nothing new outlives the change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import pages, sessions
from crm.models import DeviceGrant, User
from customers.models import Customer
from tests.samples import make
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def waits() -> bool:
    """Tell whether another connection waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def beside(do: Callable[[], Any]) -> Any:
    """Begin something in a connection of its own."""

    def alone() -> Any:
        try:
            return do()
        finally:
            connection.close()

    return ThreadPoolExecutor(1).submit(alone)


def meanwhile(do: Callable[[], Any]) -> Any:
    """Begin something in a connection of its own, and return it once it waits for this one's transaction."""
    begun = beside(do)
    wait_until(waits, 30)
    return begun


def change(user: User) -> int:
    return User.objects.filter(pk=user.pk).update(email="new@example.com")


def test_tokens_that_are_renewed_as_the_account_changes_end_too(person: User) -> None:
    session = sessions.begin(user=person, scopes=["customers:read"])
    with transaction.atomic():
        sessions.renew(token=session.refresh_token)
        changing = meanwhile(lambda: change(person))
    assert changing.result(30) == 1
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()


def test_a_token_is_not_renewed_once_the_account_is_changing(person: User) -> None:
    session = sessions.begin(user=person, scopes=["customers:read"])
    with transaction.atomic():
        change(person)
        renewing = meanwhile(lambda: sessions.renew(token=session.refresh_token))
    with pytest.raises(sessions.RefreshRefused):
        renewing.result(30)
    assert not AccessToken.objects.exists()


def test_a_sign_in_waits_for_a_change_and_is_refused(person: User) -> None:
    with transaction.atomic():
        change(person)
        signing_in = meanwhile(lambda: sessions.begin(user=person, scopes=["customers:read"]))
    with pytest.raises(sessions.AccountChanged):
        signing_in.result(30)
    assert not RefreshToken.objects.exists()


def test_a_token_is_not_renewed_once_the_person_is_signing_out(person: User) -> None:
    session = sessions.begin(user=person, scopes=[])
    with transaction.atomic():
        sessions.end(user=person, token=session.refresh_token, checksum="")
        renewing = meanwhile(lambda: sessions.renew(token=session.refresh_token))
    with pytest.raises(sessions.RefreshRefused):
        renewing.result(30)
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not AccessToken.objects.exists()


def test_what_is_renewed_as_the_person_signs_out_ends_too(person: User) -> None:
    session = sessions.begin(user=person, scopes=[])
    with transaction.atomic():
        renewed = sessions.renew(token=session.refresh_token)
        ending = meanwhile(lambda: sessions.end(user=person, token=session.refresh_token, checksum=""))
    ending.result(30)
    assert not AccessToken.objects.exists()
    with pytest.raises(sessions.RefreshRefused):
        sessions.renew(token=renewed.refresh_token)


def test_a_token_is_renewed_while_another_account_changes(person: User, make_user: Any) -> None:
    session, other = sessions.begin(user=person, scopes=[]), make_user()
    sessions.begin(user=other, scopes=[])
    with transaction.atomic():
        change(other)
        assert beside(lambda: sessions.renew(token=session.refresh_token)).result(30).user == person


@pytest.mark.parametrize("lock", [sessions.stand, lambda user: sessions.hold(RefreshToken.objects.filter(user=user))])
def test_what_names_an_account_is_written_while_it_is_held(person: User, lock: Callable[[User], None]) -> None:
    sessions.begin(user=person, scopes=[])
    with transaction.atomic():
        lock(person)
        assert beside(lambda: make(Customer, owner=person)).result(30).owner == person


def test_a_session_that_has_ended_changes_nothing(person: User) -> None:
    request = RequestFactory().post("/account/password")
    request.user = User.objects.get(pk=person.pk)
    change(person)
    with pytest.raises(PermissionDenied), sessions.in_hand(request):
        User.objects.filter(pk=person.pk).update(first_name="Mallory")
    assert User.objects.get(pk=person.pk).first_name == ""


def test_a_session_that_has_ended_lets_no_device_in(person: User) -> None:
    read_before = User.objects.get(pk=person.pk)
    change(person)
    codes = {"device_code": "d", "user_code": "u", "interval": 5, "expires": timezone.now()}
    waiting = DeviceGrant.objects.create(client_id="screen", **codes)
    assert pages.decide(waiting, read_before, is_let_in=True) is False
    assert DeviceGrant.objects.get().status == DeviceGrant.AUTHORIZATION_PENDING
