"""Nobody becomes more than they are: which accounts, roles, permissions and applications somebody may touch.

Whoever may write an account could act as it, whoever may write a role could give it to themselves, and whoever may
write an application could act as its service account, or as those who let it in unasked. So each is limited to what the
one who writes may do already, and to the records that they see: who sees those of their team touches that team alone.
Only superusers are not limited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from crm.models import Application, Team, User
from crm.roles import VIEW_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from django.db.models import Model, QuerySet

    from crm.models.users import Level


def permissions_of(user: User) -> QuerySet[Permission]:
    """Return the permissions that somebody may give: those they hold, and narrower views of what they see."""
    known = Permission.objects.all()
    if user.is_superuser:
        return known
    held = {name for one in user.permission_set for name in implied(one)}
    names = known.values_list("pk", "content_type__app_label", "codename")
    return known.filter(pk__in=[pk for pk, app, code in names if f"{app}.{code}" in held])


def implied(permission: str) -> Iterator[str]:
    """Yield a permission and what goes without saying with it: who sees all sees the team's and their own too."""
    yield permission
    app, _dot, code = permission.partition(".")
    for place, level in enumerate(VIEW_LEVELS):
        kind = code.removeprefix(f"view_{level}_")
        if kind != code:
            yield from (f"{app}.view_{narrower}_{kind}" for narrower in VIEW_LEVELS[place + 1 :])


def roles_of(user: User) -> QuerySet[Group]:
    """Return the roles that may do nothing that somebody may not."""
    beyond = Permission.objects.exclude(pk__in=permissions_of(user))
    return Group.objects.all() if user.is_superuser else Group.objects.exclude(permissions__in=beyond)


def accounts_of(user: User) -> QuerySet[User]:
    """Return the accounts that may do and see, or could once they are active, nothing that somebody may not."""
    known = User.objects.all()
    if user.is_superuser:
        return known
    beyond = holders(Permission.objects.exclude(pk__in=permissions_of(user)))
    within = known.filter(is_superuser=False).exclude(pk__in=beyond.values("pk"))
    unseen = strangers_to(user).exclude(pk=user.pk)
    return within.exclude(pk__in=unseen.values("pk"))


def strangers_to(user: User) -> QuerySet[User]:
    """Return the accounts that see records which somebody sees only in part: those of others, or of other teams."""
    known = User.objects.all()
    of_own, of_team = (views_of(kinds_seen(user, level)) for level in ("own", "team"))
    unseen = Q(pk__in=holders(of_own).values("pk"))
    if of_team.exists():
        # Who has a team could be given a role that sees the team's; who has none sees at least their own.
        unseen |= Q(team__in=Team.objects.exclude(members=user))
        unseen |= Q(team=None, pk__in=holders(of_team).values("pk"))
    return known.filter(unseen)


def teams_of(user: User) -> QuerySet[Team]:
    """Return the teams whose records somebody sees, as far as they see any: into others they put nobody."""
    known: QuerySet[Team] = Team.objects.all()
    is_limited = not user.is_superuser and kinds_seen(user, "team")
    return known.filter(members=user) if is_limited else known


def kinds_seen(user: User, level: Level) -> set[str]:
    """Return the kinds of records, as `app.model`, that somebody sees as far as this level and no further."""
    widest: dict[str, str] = {}
    for one in reversed(VIEW_LEVELS):
        for app, _dot, code in (name.partition(".") for name in user.permission_set):
            if code.startswith(f"view_{one}_"):
                widest[f"{app}.{code.removeprefix(f'view_{one}_')}"] = one
    return {kind for kind, found in widest.items() if found == level}


def views_of(kinds: Collection[str]) -> QuerySet[Permission]:
    """Return the permissions to see records of these kinds, however many of them."""
    wanted = Q(pk__in=[])
    for app, _dot, kind in (one.partition(".") for one in kinds):
        wanted |= Q(content_type__app_label=app, codename__in=[f"view_{level}_{kind}" for level in VIEW_LEVELS])
    return Permission.objects.filter(wanted)


def holders(permissions: QuerySet[Permission]) -> QuerySet[User]:
    """Return the accounts that hold any of these permissions, by role or directly."""
    return User.objects.filter(Q(groups__permissions__in=permissions) | Q(user_permissions__in=permissions))


def applications_of(user: User) -> QuerySet[Application]:
    """Return the applications that act as nobody who may do more, and that nobody lets in without being asked."""
    known = Application.objects.all()
    if user.is_superuser:
        return known
    return known.filter(Q(user=None) | Q(user__in=accounts_of(user)), skip_authorization=False)


WITHIN: Final[dict[type[Model], Callable[[User], QuerySet[Any]]]] = {
    User: accounts_of,
    Group: roles_of,
    Application: applications_of,
}


def may_touch(user: User, row: Any) -> bool:
    """Tell whether an account, a role or an application gives somebody nothing that they have not."""
    return WITHIN[type(row)](user).filter(pk=row.pk).exists()
