"""Colleagues for tests, and the pages they ask for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from crm.about import kinds
from crm.models import Team, User

if TYPE_CHECKING:
    from django.db.models import Model

PASSWORD = "correct-horse-battery"
counter = itertools.count(1)


def team(name: str) -> Team:
    """Make a team."""
    return Team.objects.create(name=name)


def colleague(role: str = "", *, team: Team | None = None, **fields: Any) -> User:
    """Make somebody who may enter the staff site, in a role."""
    name = f"colleague{next(counter)}"
    user = User.objects.create_user(name, password=PASSWORD, is_staff=True, team=team, **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def permitted(user: User, *verbs: str) -> User:
    """Let somebody do these things, such as `view_team` and `change`, to all kinds of records."""
    names = {f"{verb}_{model._meta.model_name}" for verb in verbs for model in kinds().values()} | {
        f"{verb}_{name}" for verb in verbs for name in ("task", "attachment")
    }
    user.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return User.objects.get(pk=user.pk)


def superuser() -> User:
    """Make somebody who may do everything."""
    return colleague(is_superuser=True)


def signed_in(user: User, *, language: str = "en") -> Client:
    """Return a client in which `user` is signed in."""
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="crm.auth.accounts.Accounts")
    return client


def page(record: Model | type[Model], name: str) -> str:
    """Return the address of a page of a record, or of the list of its kind."""
    options = record._meta
    args = [] if isinstance(record, type) else [record.pk]
    return reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=args)


def form_of(client: Client, address: str) -> dict[str, Any]:
    """Return what a browser would send for a page's form as it stands."""
    context = client.get(address).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {form.add_prefix(name): form[name].value() for form in forms for name in form.fields}
    return {name: "" if value is None else value for name, value in values.items() if value is not False}
