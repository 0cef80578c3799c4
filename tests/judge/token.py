"""Prepares the judged database; prints two tokens of an administrator, with every scope there is, and a customer.

It then waits, since the database stops with the process that started it.
"""

from __future__ import annotations

import os
import sys
from typing import cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")


def prepare() -> str:
    """Bring the database up to date and return the tokens, one to use and one to sign out with, and the customer."""
    from django.conf import settings
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from crm.auth.sessions import begin
    from crm.models import User
    from customers.models import Customer

    call_command("migrate", verbosity=0, interactive=False)
    judge, _is_new = User.objects.get_or_create(username="judge", defaults={"email": "judge@example.com"})
    judge.groups.add(Group.objects.get(name="Administrator"))
    scopes = list(cast("dict[str, str]", settings.OAUTH2_PROVIDER["SCOPES"]))
    customer = Customer.objects.create(name="Judged")
    return " ".join([*(begin(user=judge, scopes=scopes).access_token for _number in range(2)), str(customer.pk)])


if __name__ == "__main__":
    django.setup()
    print(prepare(), flush=True)  # noqa: T201 -- read by the program that asks
    sys.stdin.read()
