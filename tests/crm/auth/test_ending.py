"""What ends when an account changes: all that it has open, but the session in hand; by whatever door."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import sessions
from crm.models import Application, DeviceGrant, Grant, User
from crm.roles import synchronise_roles
from tests.staff import PASSWORD, colleague, form_of, page, signed_in, superuser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

pytestmark = pytest.mark.django_db
HOME = "/account/applications"
NEW = "another-battery-staple"


def opened(user: User) -> Client:
    """Let somebody open all that one can: a session, a first-party pair, a program's pair, a code and a device."""
    client = signed_in(user)
    sessions.begin(user=user, scopes=["customers:read"])
    shop = Application.objects.create(name="Shop", client_type="public", authorization_grant_type="authorization-code")
    held = {"user": user, "application": shop, "expires": timezone.now() + timedelta(hours=1)}
    access = AccessToken.objects.create(token=f"a{user.pk}", scope="customers:read", **held)
    RefreshToken.objects.create(user=user, application=shop, token=f"r{user.pk}", access_token=access)
    Grant.objects.create(code=f"c{user.pk}", redirect_uri="https://shop.example/", **held)
    codes = {"device_code": f"d{user.pk}", "user_code": str(user.pk)[:8], "interval": 5, "expires": held["expires"]}
    DeviceGrant.objects.create(client_id=shop.client_id, user=user, status=DeviceGrant.AUTHORIZED, **codes)
    return client


def left(user: User, client: Client) -> dict[str, int]:
    """Count what is still open."""
    return {
        "sessions": int(client.get(HOME).status_code == 200),
        "access": AccessToken.objects.filter(user=user).count(),
        "refresh": RefreshToken.objects.filter(user=user, revoked=None).count(),
        "codes": Grant.objects.filter(user=user).count(),
        "devices": DeviceGrant.objects.filter(user=user, status=DeviceGrant.AUTHORIZED).count(),
    }


ALL = {"sessions": 1, "access": 2, "refresh": 2, "codes": 1, "devices": 1}
NOTHING = dict.fromkeys(ALL, 0)


def set_email(user: User) -> None:
    User.objects.filter(pk=user.pk).update(email="new@example.com")


def set_username(user: User) -> None:
    User.objects.filter(pk=user.pk).update(username="another-name")


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def promote(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)


def let_in(user: User) -> None:
    user.is_staff = not user.is_staff
    user.save()


def give_role(user: User) -> None:
    user.groups.add(Group.objects.get(name="Marketer"))


def take_role(user: User) -> None:
    Group.objects.get(name="Auditor").user_set.remove(user)


def give_permission(user: User) -> None:
    user.user_permissions.add(Permission.objects.get(codename="delete_customer"))


def change_role(user: User) -> None:
    Group.objects.get(name="Auditor").permissions.clear()


def delete_role(user: User) -> None:
    Group.objects.get(name="Auditor").delete()


def set_hash(user: User) -> None:
    User.objects.bulk_update([User(pk=user.pk, password=make_password(NEW))], ["password"])


def write_sql(user: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_user SET password = '!' WHERE id = %s", [user.pk])


def type_command(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW)
    call_command("changepassword", user.username, stdout=StringIO())


WAYS = (
    set_email,
    set_username,
    deactivate,
    promote,
    let_in,
    give_role,
    take_role,
    give_permission,
    change_role,
    delete_role,
    set_hash,
    write_sql,
)


@pytest.mark.parametrize("change", WAYS)
def test_what_an_account_has_open_ends_as_it_changes(change: Callable[[User], None]) -> None:
    user, other = colleague("Auditor"), colleague("Marketer")
    client, another = opened(user), opened(other)
    assert left(user, client) == ALL
    change(User.objects.get(pk=user.pk))
    assert left(user, client) == NOTHING
    assert left(other, another) == ALL


def test_the_command_that_changes_a_password_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    user = colleague("Auditor")
    client = opened(user)
    type_command(user, monkeypatch)
    assert User.objects.get(pk=user.pk).check_password(NEW)
    assert left(user, client) == NOTHING


def test_what_says_nothing_of_rights_ends_nothing(make_team: Any) -> None:
    user = colleague("Auditor")
    client = opened(user)
    known = User.objects.get(pk=user.pk)
    known.first_name, known.language, known.team, known.last_login = "Ann", "en", make_team(), timezone.now()
    known.save()
    known.groups.add(Group.objects.get(name="Auditor"))
    assert left(user, client) == ALL


def test_an_upgrade_that_changes_what_a_role_may_ends_nothing() -> None:
    from django.apps import apps

    user = colleague("Auditor")
    held = Group.permissions.through.objects.filter(group__name="Auditor")
    held._raw_delete(held.db)  # as though the permissions were new
    client = opened(User.objects.get(pk=user.pk))
    synchronise_roles(apps.get_app_config("customers"))
    assert held.count() > 0
    assert left(user, client) == ALL


def test_a_hash_that_is_renewed_at_sign_in_ends_nothing(settings: Any) -> None:
    pbkdf2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, pbkdf2]
    user = colleague("Auditor")
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    user.refresh_from_db()
    opened(user)
    assert user.check_password(PASSWORD)
    assert User.objects.get(pk=user.pk).password.startswith("md5$")
    assert AccessToken.objects.filter(user=user).count() == 2
    assert RefreshToken.objects.filter(user=user, revoked=None).count() == 2


def test_what_was_read_before_a_change_brings_no_session_back() -> None:
    user = colleague("Auditor")
    read_before, client = User.objects.get(pk=user.pk), opened(user)
    set_email(user)
    read_before.email = "new@example.com"
    read_before.save()
    assert read_before.session_version == 1
    assert left(user, client) == NOTHING


def test_an_account_is_signed_out_everywhere_by_one_action() -> None:
    user = colleague("Auditor")
    client = opened(user)
    sessions.end_all(user=user, by=superuser())
    assert left(user, client) == NOTHING
    assert signed_in(User.objects.get(pk=user.pk)).get(HOME).status_code == 200


def test_an_administrator_sets_a_password_and_all_of_the_other_ends() -> None:
    user, admin = colleague("Auditor"), superuser()
    client, in_hand = opened(user), opened(admin)
    body = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert in_hand.post(f"/admin/crm/user/{user.pk}/password/", body).status_code == 302
    assert left(user, client) == NOTHING
    assert left(admin, in_hand) == ALL


def test_the_form_of_a_colleague_ends_what_they_have_open() -> None:
    user, admin = colleague("Auditor"), superuser()
    client, in_hand = opened(user), opened(admin)
    body = form_of(in_hand, page(user, "change")) | {"email": "new@example.com"}
    assert in_hand.post(page(user, "change"), body).status_code == 302
    assert left(user, client) == NOTHING
    assert left(admin, in_hand) == ALL


@pytest.mark.parametrize("address", ["/account/password", "/admin/password_change/"])
def test_the_session_that_changes_its_own_password_stays_alone(address: str) -> None:
    user = colleague("Auditor")
    in_hand, elsewhere = opened(user), signed_in(user)
    body = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert in_hand.post(address, body).status_code == 302
    assert left(user, in_hand) == NOTHING | {"sessions": 1}
    assert left(user, elsewhere) == NOTHING
    assert User.objects.get(pk=user.pk).check_password(NEW)


def test_the_session_that_changes_its_own_account_stays_alone() -> None:
    set_email(colleague("Auditor"))  # somebody else, whose sessions are of another version
    user = superuser()
    in_hand, elsewhere = opened(user), signed_in(user)
    body = form_of(in_hand, page(user, "change")) | {"email": "new@example.com"}
    assert in_hand.post(page(user, "change"), body).status_code == 302
    assert left(user, in_hand) == NOTHING | {"sessions": 1}
    assert left(user, elsewhere) == NOTHING


def test_a_session_that_changes_nothing_of_its_rights_stays_the_same() -> None:
    user = superuser()
    client = signed_in(user)
    key = client.session.session_key
    body = form_of(client, page(user, "change")) | {"first_name": "Ann"}
    assert client.post(page(user, "change"), body).status_code == 302
    assert (User.objects.get(pk=user.pk).first_name, client.session.session_key) == ("Ann", key)


def test_the_session_that_changes_its_own_role_stays_alone() -> None:
    role = Group.objects.create(name="Chief")
    user = superuser()
    user.groups.add(role)
    user, other = User.objects.get(pk=user.pk), colleague("Chief")
    in_hand, elsewhere, client = opened(user), signed_in(user), opened(other)
    may = Permission.objects.get(codename="view_all_customer")
    assert in_hand.post(page(role, "change"), {"name": "Chief", "permissions": [may.pk]}).status_code == 302
    assert left(user, in_hand) == NOTHING | {"sessions": 1}
    assert left(user, elsewhere) == NOTHING
    assert left(other, client) == NOTHING


def test_an_administrator_signs_chosen_accounts_out_everywhere() -> None:
    users, admin = [colleague("Auditor"), colleague("Marketer")], colleague("Administrator")
    clients, in_hand = [opened(user) for user in users], signed_in(admin)
    body = {"action": "sign_out", "_selected_action": [str(user.pk) for user in (*users, admin)]}
    text = in_hand.post(page(User, "changelist"), body, follow=True).content.decode()
    assert "3 accounts are signed out everywhere." in text
    assert [left(user, client) for user, client in zip(users, clients, strict=True)] == [NOTHING, NOTHING]
    assert left(admin, in_hand) == NOTHING | {"sessions": 1}


def test_no_administrator_signs_a_superuser_out() -> None:
    chief, other = superuser(), colleague("Marketer")
    clients = [opened(chief), opened(other)]
    body = {"action": "sign_out", "_selected_action": [str(chief.pk), str(other.pk)]}
    assert signed_in(colleague("Administrator")).post(page(User, "changelist"), body).status_code == 403
    assert [left(user, client) for user, client in zip((chief, other), clients, strict=True)] == [ALL, ALL]
