"""Demonstration data: colleagues and a program here, records by the applications; all marked, all removable."""

from __future__ import annotations

from collections import Counter
from copy import copy
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.module_loading import import_string

from crm.erasing import erasing
from crm.models import Application, ExternalReference, Tag, Team, User

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence


SYSTEM: Final = "demo"
PASSWORD: Final = "demonstration"  # noqa: S105 -- known to everyone: such accounts are made for development only
CLIENT_ID: Final = "demonstration"
CLIENT_SECRET: Final = "demonstration-secret"  # noqa: S105 -- likewise
PROGRAM: Final = "Integration"
TEAMS: Final = ("Sales Europe", "Sales Americas", "Sales Asia", "Service")
COLLEAGUES: Final = (
    ("admin", "Ada", "Winter", "Administrator", ""),
    ("emma", "Emma", "Lindqvist", "Sales manager", "Sales Europe"),
    ("lukas", "Lukas", "Brandt", "Sales representative", "Sales Europe"),
    ("camille", "Camille", "Moreau", "Sales representative", "Sales Europe"),
    ("diego", "Diego", "Santos", "Sales representative", "Sales Americas"),
    ("wei", "伟", "林", "Sales representative", "Sales Asia"),
    ("yuki", "由紀", "小林", "Sales representative", "Sales Asia"),
    ("nadia", "Nadia", "Haddad", "Marketer", ""),
    ("omar", "Omar", "Farouk", "Service agent", "Service"),
    ("robot", "Demonstration", "application", PROGRAM, ""),
)
TAGS: Final = {
    "at risk": Tag.Color.RED,
    "key account": Tag.Color.PURPLE,
    "newsletter": Tag.Color.TEAL,
    "reference": Tag.Color.GREEN,
    "trade fair": Tag.Color.BLUE,
}


@dataclass(frozen=True)
class Setting:
    """What a maker of records draws on: the moment, chance that repeats itself, and the colleagues by team."""

    now: datetime.datetime
    random: Random
    teams: dict[str, Team]
    colleagues: dict[str, list[User]]


_makers: list[str] = []


def register(path: str) -> None:
    """Let the function at the dotted `path` make records too; it yields them kind by kind, after saving them."""
    _makers.append(path)


@transaction.atomic
def make() -> dict[str, int]:
    """Make everything, mark it, and return how many of each kind there are now."""
    made: Counter[type[models.Model]] = Counter()
    teams = {name: Team.objects.create(name=name) for name in TEAMS}
    password = make_password(PASSWORD)
    colleagues = [make_colleague(values, teams, password) for values in COLLEAGUES]
    Team.objects.filter(name="Sales Europe").update(manager=colleagues[1])
    make_application(colleagues[-1])
    by_team = {name: [user for user in colleagues if user.team_id == team.pk] for name, team in teams.items()}
    setting = Setting(timezone.now().replace(minute=0, second=0, microsecond=0), Random(20), teams, by_team)  # noqa: S311
    tags = Tag.objects.bulk_create(
        [Tag(name=name, color=color) for name, color in TAGS.items() if not Tag.objects.as_written([name])]
    )
    groups: list[Sequence[models.Model]] = [list(teams.values()), colleagues, *([tags] if tags else [])]
    for path in _makers:
        groups += import_string(path)(setting)
    for rows in groups:
        mark(rows)
        made[type(rows[0])] += len(rows)
    return {named(model, number): number for model, number in made.items()}


def named(model: type[models.Model], number: int) -> str:
    """Return what so many records of a kind are called."""
    return str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)


def make_colleague(values: tuple[str, str, str, str, str], teams: dict[str, Team], password: str) -> User:
    """Make a colleague, or a program's account, which has no password."""
    username, first, last, role, team = values
    user = User(username=username, first_name=first, last_name=last, email=f"{username}@crm.example")
    user.is_staff, user.is_superuser, user.team = role != PROGRAM, role == "Administrator", teams.get(team)
    user.password = password if user.is_staff else make_password(None)
    user.save()
    user.groups.set([Group.objects.get(name=role)])
    return user


def make_application(account: User) -> None:
    """Make a program that acts as `account`, with a secret that everyone knows."""
    Application.objects.create(
        name="Demonstration application",
        user=account,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )


def mark(rows: Sequence[models.Model]) -> None:
    """Note on each row that it is demonstration data."""
    kind = ContentType.objects.get_for_model(rows[0])
    first = ExternalReference.objects.filter(content_type=kind, system=SYSTEM).count() + 1
    ExternalReference.objects.bulk_create(
        [
            ExternalReference(content_type=kind, object_id=row.pk, system=SYSTEM, external_id=f"{number:04}")
            for number, row in enumerate(rows, first)
        ],
        batch_size=500,
    )


def marked(model: type[models.Model]) -> models.QuerySet[Any]:
    """Return the rows of one kind that are demonstration data."""
    references = ExternalReference.objects.of(model).filter(system=SYSTEM)
    return model._base_manager.filter(pk__in=references.values("object_id"))


def has_accounts() -> bool:
    """Tell whether somebody could sign in with what everyone knows."""
    if ExternalReference._meta.db_table not in connection.introspection.table_names():
        return False
    return (
        Application.objects.filter(client_id=CLIENT_ID).exists()
        or marked(User).filter(is_active=True, is_staff=True).exists()
    )


def exists() -> bool:
    """Tell whether any demonstration data is there."""
    return ExternalReference.objects.filter(system=SYSTEM).exists()


@erasing()
def remove() -> tuple[int, list[models.Model]]:
    """Delete what is marked, last made first; return how many rows went, and which stay because other data needs them.

    A colleague who stays can no longer sign in.
    """
    Application.objects.filter(client_id=CLIENT_ID).delete()
    Team.objects.filter(pk__in=marked(Team).values("pk")).update(manager=None)
    references = ExternalReference.objects.filter(system=SYSTEM).order_by("-pk").prefetch_related("record")
    rows = [reference.record for reference in references if reference.record is not None]
    stay = [row for _kind, same in groupby(rows, type) for row in remaining(list(same))]
    User.objects.filter(pk__in=[row.pk for row in stay]).update(is_active=False, password=make_password(None))
    ExternalReference.objects.filter(system=SYSTEM).exclude(object_id__in=[row.pk for row in stay]).delete()
    return len(rows) - len(stay), stay


def remaining(rows: Sequence[models.Model]) -> Sequence[models.Model]:
    """Delete rows of one kind, as many at once as can be; return those that stay because other data needs them."""
    try:
        delete(rows)
    except ProtectedError:
        if len(rows) == 1:
            return rows
        middle = len(rows) // 2
        return [*remaining(rows[:middle]), *remaining(rows[middle:])]
    return []


@transaction.atomic
def delete(rows: Sequence[models.Model]) -> None:
    """Delete rows of one kind; raise ProtectedError where something refers to one, or has it as its tag."""
    given = [row for row in rows if isinstance(row, Tag) and row.is_given()]
    if given:
        raise ProtectedError("The tag is given.", set(given))
    kind = type(rows[0])
    if kind.delete is not models.Model.delete:  # it looks first whether it may
        for row in rows:
            copy(row).delete()  # Django takes the key of what it deletes, also where the transaction takes that back
    else:
        kind._base_manager.filter(pk__in=[row.pk for row in rows]).delete()
