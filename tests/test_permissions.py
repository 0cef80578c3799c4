"""Who may do what: one table for all operations and roles; an operation that it lacks fails."""

from __future__ import annotations

from typing import Any

import pytest

from crm.roles import ROLES
from tests.calls import call
from tests.resources import RECORDS, operations
from tests.samples import make

pytestmark = pytest.mark.django_db

READERS = tuple(ROLES)
WRITERS = tuple(role for role in ROLES if role != "Auditor")
DELETERS = ("Sales manager", "Service manager", "Integration", "Administrator")

# For the records of `customers`, and tasks: the roles that an operation answers with success; all others get 403.
ALLOWED: dict[str, tuple[str, ...]] = {
    "list": READERS,
    "retrieve": READERS,
    "by_external_id": READERS,
    "create": WRITERS,
    "update": WRITERS,
    "partial_update": WRITERS,
    "upsert": WRITERS,
    "destroy": DELETERS,
    "history": READERS,
    "restore": WRITERS,
    "merge": DELETERS,
    "unmerge": DELETERS,
    "erase": DELETERS,
    "personal_data": READERS,
    "timeline": READERS,
    "related": READERS,
    "tree": READERS,
    "consents": READERS,
    "content": READERS,
    "link": READERS,
    "preferences_link": WRITERS,
    "revoke_preferences_links": WRITERS,
    "export": READERS,
    "complete": WRITERS,
    "cancel": WRITERS,
    "reopen": WRITERS,
    "assign": WRITERS,
    "assign_by_rules": WRITERS,
    "snooze": WRITERS,
    "batch": READERS,  # each item needs its own
    "preview": READERS,
    "findings": READERS,
    "results": READERS,
    **dict.fromkeys(("schedule", "unschedule", "pause", "resume", "finish", "test"), WRITERS),
    **dict.fromkeys(("capture", "start", "qualify", "disqualify", "convert", "move", "win", "lose"), WRITERS),
    **dict.fromkeys(("open", "reply", "note", "receive", "take", "split"), WRITERS),
    "members": READERS,
    **dict.fromkeys(("freeze", "thaw", "change_members"), WRITERS),
}
# In sales, service agents have no part, and service managers and marketers read only; of products and orders see below.
SELLERS = ("Sales representative", "Sales manager", "Integration", "Administrator")
SALES_READERS = tuple(role for role in ROLES if role != "Service agent")
MANAGERS = ("Sales manager", "Integration", "Administrator")
# Of the roles above, those that serve; and what of it agents only read.
SERVING = ("Service agent", "Service manager", "Integration", "Administrator", "Auditor")
MANAGED = {"/api/v1/queues", "/api/v1/agents", "/api/v1/business-hours", "/api/v1/sla-policies"}
# In marketing, service has no part, and sales reads.
MARKETERS = ("Marketer", "Integration", "Administrator")
MARKETING_READERS = tuple(role for role in ROLES if not role.startswith("Service"))


def allowed(path: str, operation: str) -> tuple[str, ...]:
    """Return the roles that an operation on a resource answers with success; all others get 403."""
    by_scope = {"marketing": allowed_in_marketing, "sales": allowed_in_sales, "service": allowed_in_service}
    of_app = by_scope.get(RECORDS[path].scope)
    return of_app(path, operation) if of_app else ALLOWED[operation]


def allowed_in_marketing(_path: str, operation: str) -> tuple[str, ...]:
    return MARKETING_READERS if ALLOWED[operation] == READERS else MARKETERS


def allowed_in_sales(path: str, operation: str) -> tuple[str, ...]:
    roles = ALLOWED[operation]
    if roles == READERS:
        return SALES_READERS
    if getattr(RECORDS[path], "write_scope", "") == "sync:run":
        return ("Integration",)
    return SELLERS if roles == WRITERS and not path.endswith("/products") else MANAGERS


def allowed_in_service(path: str, operation: str) -> tuple[str, ...]:
    roles = WRITERS if operation == "merge" else ALLOWED[operation]
    is_managed = path in MANAGED and roles is not READERS
    return tuple(role for role in SERVING if role in roles and not (is_managed and role == "Service agent"))


HELD = ("customers", "tasks", "marketing", "sales", "service")
OFFERED = [
    (path, operation)
    for path, viewset in RECORDS.items()
    for operation in sorted(operations(viewset))
    if viewset.scope in HELD
]
SCOPES = [f"{name}:{verb}" for name in HELD for verb in ("read", "write")]


@pytest.mark.parametrize("path", RECORDS)
def test_the_table_has_every_operation(path: str) -> None:
    assert operations(RECORDS[path]) <= ALLOWED.keys()


@pytest.mark.parametrize(("path", "operation"), OFFERED)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_what_the_table_says(
    api_client: Any, make_user: Any, make_team: Any, path: str, role: str, operation: str
) -> None:
    user = make_user(role, team=make_team("North"))
    client = api_client(user, *SCOPES, "sync:run")
    answer = call(client, path, RECORDS[path], operation, user)
    if role not in allowed(path, operation):
        assert answer.status_code == 403
    elif operation == "by_external_id":
        assert answer.status_code == 404
    else:
        assert answer.status_code in {200, 201, 204}, answer.content


@pytest.mark.parametrize("path", RECORDS)
def test_who_has_no_role_may_do_nothing(api_client: Any, make_user: Any, path: str) -> None:
    client = api_client(make_user(), *SCOPES, "sync:run")
    assert client.get(path).status_code == 403
    assert client.post(path, {}).status_code == 403


@pytest.mark.parametrize(("level", "expected"), [("own", 1), ("team", 2), ("all", 3)])
def test_a_level_of_view_shows_own_the_teams_or_all(make_user: Any, make_team: Any, level: str, expected: int) -> None:
    from django.contrib.auth.models import Permission

    from customers.models import Customer

    north = make_team("North")
    user, colleague = make_user(team=north), make_user(team=north)
    user.user_permissions.add(Permission.objects.get(codename=f"view_{level}_customer"))
    user = type(user).objects.get(pk=user.pk)
    make(Customer, owner=user)
    make(Customer, owner=colleague, team=north)
    make(Customer, owner=make_user(team=make_team("South")))
    assert Customer.objects.visible_to(user).count() == expected
