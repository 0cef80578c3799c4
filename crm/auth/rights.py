"""Nobody becomes more than they are: which accounts, roles, permissions and applications somebody may touch.

Whoever may write an account could act as it, whoever may write a role could give it to themselves, and whoever may
write an application could act as its service account, or as those who let it in unasked. So each is limited to what the
one who writes may do already; only superusers are not limited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from crm.models import Application, User
from crm.roles import VIEW_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import Model, QuerySet


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
    """Return the accounts that may do, or could do once they are active, nothing that somebody may not."""
    if user.is_superuser:
        return User.objects.all()
    beyond = Permission.objects.exclude(pk__in=permissions_of(user))
    held = Q(groups__permissions__in=beyond) | Q(user_permissions__in=beyond)
    return User.objects.filter(is_superuser=False).exclude(pk__in=User.objects.filter(held).values("pk"))


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
    within = WITHIN[type(row)](user)
    return user.is_superuser or row._state.adding or within.filter(pk=row.pk).exists()
