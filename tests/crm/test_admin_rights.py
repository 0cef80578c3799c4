"""Nobody becomes more than they are: what administrators who are no superusers may touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from oauth2_provider.models import AccessToken, RefreshToken

from crm.auth import rights
from crm.models import Application, User
from crm.roles import ROLES
from tests.staff import PASSWORD, colleague, form_of, page, signed_in, superuser

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
NEW = "another-battery-staple"
ROBOT = {"client_type": "confidential", "authorization_grant_type": "client-credentials"}


def administrator() -> Client:
    """Return a client in which an administrator who is no superuser is signed in."""
    return signed_in(colleague("Administrator"))


def beyond() -> User:
    """Make somebody who is no superuser, and may do one thing that an administrator may not."""
    user = colleague("Auditor")
    user.user_permissions.add(Permission.objects.get(codename="change_order"))
    return user


def made_inactive() -> User:
    """Make a superuser who could be let in again."""
    return colleague(is_superuser=True, is_active=False)


def integration() -> User:
    """Make a program's account, whose role writes orders as no administrator does."""
    return colleague("Integration")


MORE = (superuser, beyond, made_inactive, integration)


def as_it_is(user: User) -> dict[str, Any]:
    """Return what an account is, to be compared."""
    return User.objects.filter(pk=user.pk).values().get() | {"groups": set(user.groups.values_list("name", flat=True))}


def test_an_administrator_may_give_every_role_but_that_of_programs() -> None:
    user = colleague("Administrator")
    assert set(rights.roles_of(user).values_list("name", flat=True)) == set(ROLES) - {"Integration"}


@pytest.mark.parametrize("make", MORE)
def test_who_may_do_more_is_changed_by_no_administrator(make: Any) -> None:
    user, client = make(), administrator()
    before = as_it_is(user)
    shown = client.get(page(user, "change")).content.decode()
    assert "This account has more permissions than yours. Only a superuser can change it." in shown
    assert client.post(page(user, "change"), {"username": user.username, "email": "x@example.com"}).status_code == 403
    body = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert client.post(f"/admin/crm/user/{user.pk}/password/", body).status_code == 403
    assert client.post(page(user, "delete"), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"}
    client.post(page(User, "changelist"), chosen)
    assert as_it_is(user) == before


def test_who_may_do_less_is_changed_by_an_administrator() -> None:
    user, client = colleague("Sales representative"), administrator()
    body = form_of(client, page(user, "change")) | {"email": "ann@example.com"}
    body["groups"] = [Group.objects.get(name="Sales manager").pk]
    assert client.post(page(user, "change"), body).status_code == 302
    user.refresh_from_db()
    assert (user.email, [group.name for group in user.groups.all()]) == ("ann@example.com", ["Sales manager"])


def test_an_administrator_gives_no_role_that_may_do_more() -> None:
    user, client = colleague("Auditor"), administrator()
    strong = Group.objects.create(name="Order desk")
    strong.permissions.add(Permission.objects.get(codename="change_order"))
    for role in (strong, Group.objects.get(name="Integration")):
        body = form_of(client, page(user, "change")) | {"groups": [role.pk]}
        answer = client.post(page(user, "change"), body)
        assert "You can only grant permissions that you have yourself." in answer.content.decode()
    assert [group.name for group in user.groups.all()] == ["Auditor"]


def test_no_new_account_gets_a_role_that_may_do_more() -> None:
    body = {"username": "mole", "usable_password": "true", "password1": NEW, "password2": NEW}
    body |= {"groups": str(Group.objects.get(name="Integration").pk), "is_superuser": "on"}
    answer = administrator().post(page(User, "add"), body)
    assert "You can only grant permissions that you have yourself." in answer.content.decode()
    assert not User.objects.filter(username="mole").exists()


@pytest.mark.parametrize("flag", ["is_superuser", "is_active", "is_staff"])
def test_nobody_changes_what_they_are(flag: str) -> None:
    for user in (superuser(), colleague("Administrator")):
        client, before = signed_in(user), as_it_is(user)
        body = form_of(client, page(user, "change"))
        body.pop(flag, None) if before[flag] else body.update({flag: "on"})
        client.post(page(user, "change"), body)
        assert as_it_is(user)[flag] == before[flag]


def test_the_last_superuser_stays() -> None:
    last = superuser()
    client = signed_in(last)
    assert client.post(page(last, "delete"), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(last.pk)], "post": "yes"}
    client.post(page(User, "changelist"), chosen)
    assert User.objects.filter(is_superuser=True, is_active=True).get() == last


def test_a_role_gets_only_what_its_maker_may_do() -> None:
    client = administrator()
    for codename, made in (("change_order", 0), ("view_team_customer", 1)):
        may = Permission.objects.get(codename=codename)
        client.post(page(Group, "add"), {"name": "Chief", "permissions": [may.pk]})
        assert Group.objects.filter(name="Chief").count() == made, codename


def test_a_role_that_may_do_more_is_changed_by_no_administrator() -> None:
    client, role = administrator(), Group.objects.create(name="Order desk")
    role.permissions.add(Permission.objects.get(codename="change_order"))
    assert client.post(page(role, "change"), {"name": "Mine"}).status_code == 403
    assert client.post(page(role, "delete"), {"post": "yes"}).status_code == 403
    assert [one.codename for one in Group.objects.get(name="Order desk").permissions.all()] == ["change_order"]


@pytest.mark.parametrize("make", MORE)
def test_no_application_acts_as_one_who_may_do_more(make: Any) -> None:
    user, client = make(), administrator()
    body = form_of(client, page(Application, "add")) | ROBOT | {"name": "Mole", "user": str(user.pk)}
    answer = client.post(page(Application, "add"), body)
    assert "An application cannot act as an account with more permissions than yours." in answer.content.decode()
    assert not Application.objects.filter(name="Mole").exists()


@pytest.mark.parametrize("make", MORE)
def test_an_application_of_one_who_may_do_more_stays_as_it_is(make: Any) -> None:
    robot: Application = Application.objects.create(name="ERP", user=make(), is_active=False, **ROBOT)
    client, before = administrator(), Application.objects.filter(pk=robot.pk).values().get()
    for address in (
        page(robot, "change"),
        page(robot, "renew_secret"),
        page(robot, "delete"),
        f"/admin/crm/application/{robot.pk}/do/switch-on",
    ):
        assert client.post(address, {"post": "yes", "name": "Mine"}).status_code == 403, address
    assert "Renew the secret" not in client.get(page(robot, "change")).content.decode()
    assert Application.objects.filter(pk=robot.pk).values().get() == before


def test_an_existing_application_does_not_come_to_act_as_a_superuser() -> None:
    auditor, chief, client = colleague("Auditor"), superuser(), administrator()
    robot: Application = Application.objects.create(name="ERP", user=auditor, **ROBOT)
    body = form_of(client, page(robot, "change"))
    client.post(page(robot, "change"), body | {"user": str(chief.pk)})
    assert Application.objects.get(pk=robot.pk).user == auditor
    client.post(page(robot, "change"), body | {"name": "ERP 2"})
    assert Application.objects.get(pk=robot.pk).name == "ERP 2"


def test_only_a_superuser_lets_an_application_in_for_everybody() -> None:
    fields = {"client_type": "public", "authorization_grant_type": "authorization-code"}
    fields |= {"name": "Shop", "redirect_uris": "https://shop.example/", "skip_authorization": "on"}
    for client, skips in ((administrator(), False), (signed_in(superuser()), True)):
        client.post(page(Application, "add"), form_of(client, page(Application, "add")) | fields)
        made = Application.objects.filter(name="Shop").latest("pk")
        assert made.skip_authorization is skips
    assert administrator().post(page(made, "change"), fields).status_code == 403


def test_who_let_an_application_in_is_asked_again_once_it_has_another_address() -> None:
    shop: Application = Application.objects.create(
        name="Shop",
        client_type="public",
        authorization_grant_type="authorization-code",
        redirect_uris="https://a.example/",
    )
    held = {"user": superuser(), "application": shop}
    AccessToken.objects.create(token="a", expires=timezone.now(), **held)
    RefreshToken.objects.create(token="r", **held)
    client = administrator()
    body = form_of(client, page(shop, "change"))
    client.post(page(shop, "change"), body | {"name": "Shop 2"})
    assert AccessToken.objects.filter(application=shop).exists()
    client.post(page(shop, "change"), body | {"redirect_uris": "https://a.example/ https://mole.example/"})
    assert not AccessToken.objects.filter(application=shop).exists()
    assert not RefreshToken.objects.filter(application=shop, revoked=None).exists()


def test_commands_are_not_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import call_command

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", interactive=False, username="root", email="root@example.com", verbosity=0)
    assert User.objects.get(username="root").is_superuser


SECRETS = (
    "axes/accesslog/?session_hash__startswith=a",
    "crm/application/?client_secret__startswith=p",
    "crm/webhook/?secret__gt=1",
    "crm/webhook/?previous_secret__isnull=False",
    "crm/devicegrant/?user_code__startswith=A",
    "crm/grant/?code__startswith=a",
)


@pytest.mark.parametrize("address", SECRETS)
def test_no_list_is_narrowed_by_a_secret(address: str) -> None:
    client = administrator()
    assert client.get(f"/admin/{address}").status_code == 400
    assert client.get(f"/admin/{address.partition('?')[0]}").status_code == 200
