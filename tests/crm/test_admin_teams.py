"""Who sees a part of the records comes by no account that sees others: not by a move, a password or a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from crm.auth.rights import accounts_of, teams_of
from crm.models import Application, Team, User
from tests.staff import colleague, form_of, page, signed_in, team

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.django_db
NEW = "another-battery-staple"


def permitted(user: User, *codenames: str) -> User:
    """Give somebody just these permissions."""
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


def desk(level: str, where: Team | None) -> User:
    """Make somebody who looks after accounts and applications, and sees customers so far."""
    names = [f"{verb}_{kind}" for verb in ("add", "change", "view") for kind in ("user", "application")]
    return permitted(colleague(team=where), *names, f"view_{level}_customer")


def within(user: User, chosen: Iterable[User]) -> set[str]:
    names = accounts_of(user).filter(pk__in=[one.pk for one in chosen]).values_list("username", flat=True)
    return set(names)


def test_nobody_moves_themselves_to_another_team() -> None:
    north, south = team("North"), team("South")
    user = desk("team", north)
    client = signed_in(user)
    answer = client.post(page(user, "change"), form_of(client, page(user, "change")) | {"team": str(south.pk)})
    assert "You see the records of your own team only." in answer.content.decode()
    assert User.objects.get(pk=user.pk).team == north


def test_who_sees_all_moves_themselves_and_others() -> None:
    north, south = team("North"), team("South")
    user = desk("all", north)
    client = signed_in(user)
    for moved in (user, permitted(colleague(team=north), "view_team_customer")):
        body = form_of(client, page(moved, "change")) | {"team": str(south.pk)}
        assert client.post(page(moved, "change"), body).status_code == 302
        assert User.objects.get(pk=moved.pk).team == south


def test_nobody_makes_an_account_in_another_team() -> None:
    south, client = team("South"), signed_in(desk("team", team("North")))
    body = {"username": "mole", "usable_password": "true", "password1": NEW, "password2": NEW, "team": str(south.pk)}
    answer = client.post(page(User, "add"), body)
    assert "You see the records of your own team only." in answer.content.decode()
    assert not User.objects.filter(username="mole").exists()


def test_nobody_takes_an_account_of_another_team_over() -> None:
    north, south = team("North"), team("South")
    client = signed_in(desk("team", north))
    for where, status, is_taken in ((south, 403, False), (None, 403, False), (north, 302, True)):
        other = permitted(colleague(team=where), "view_team_customer")
        body = {"password1": NEW, "password2": NEW, "usable_password": "true"}
        assert client.post(f"/admin/crm/user/{other.pk}/password/", body).status_code == status
        assert User.objects.get(pk=other.pk).check_password(NEW) is is_taken


def test_no_application_acts_as_an_account_of_another_team() -> None:
    client = signed_in(desk("team", team("North")))
    other = permitted(colleague(team=team("South")), "view_own_customer")
    robot = {"client_type": "confidential", "authorization_grant_type": "client-credentials", "name": "Mole"}
    body = form_of(client, page(Application, "add")) | robot | {"user": str(other.pk)}
    answer = client.post(page(Application, "add"), body)
    assert "An application cannot act as an account with more permissions than yours." in answer.content.decode()
    assert not Application.objects.filter(name="Mole").exists()


def test_who_sees_only_their_own_records_touches_nobody_who_has_own_ones() -> None:
    user = desk("own", team("North"))
    plain, same = colleague(team=user.team), permitted(colleague(team=user.team), "view_own_customer")
    assert within(user, (user, plain, same)) == {user.username, plain.username}


def test_in_another_team_even_who_sees_nothing_yet_is_left_alone() -> None:
    user, nobody, elsewhere = desk("team", team("North")), colleague(), colleague(team=team("South"))
    assert within(user, (user, nobody, elsewhere)) == {user.username, nobody.username}
    assert list(teams_of(user)) == [user.team]


def test_what_is_seen_as_a_whole_by_one_role_is_not_narrowed_by_another() -> None:
    user, elsewhere = desk("all", team("North")), permitted(colleague(team=team("South")), "view_own_customer")
    user.groups.add(Group.objects.create(name="Narrow"))
    Group.objects.get(name="Narrow").permissions.add(Permission.objects.get(codename="view_team_customer"))
    user = User.objects.get(pk=user.pk)
    assert within(user, (elsewhere,)) == {elsewhere.username}
    assert teams_of(user).count() == 2


def test_a_superuser_is_limited_to_no_team_whatever_their_role_sees() -> None:
    user = permitted(colleague(team=team("North"), is_superuser=True), "view_team_customer")
    elsewhere = permitted(colleague(team=team("South")), "view_own_customer")
    assert within(user, (user, elsewhere)) == {user.username, elsewhere.username}
    assert teams_of(user).count() == 2


def test_what_is_called_alike_in_another_application_is_another_kind_of_record() -> None:
    user, other = desk("own", team("North")), colleague()
    kind = ContentType.objects.get(app_label="marketing", model="campaign")
    for one, level in ((user, "all"), (other, "own")):
        alike = Permission.objects.create(codename=f"view_{level}_customer", content_type=kind, name="Alike")
        one.user_permissions.add(alike)
    assert within(User.objects.get(pk=user.pk), (other,)) == {other.username}
    assert within(User.objects.get(pk=user.pk), (permitted(other, "view_own_customer"),)) == set()
