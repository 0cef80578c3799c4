"""Who may do what: one table for all operations and roles; an operation that it lacks fails."""

from __future__ import annotations

from typing import Any

import pytest

from crm.merging.actions import merge_records
from crm.roles import ROLES
from crm.tasks.actions import cancel_task
from tests.resources import RECORDS, operations
from tests.samples import body_for, make

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
}


def gone(model: Any, owner: Any) -> Any:
    """Return the id of a record of the owner's team that was deleted."""
    record = make(model, owner=owner, team=owner.team)
    key = record.pk
    record.delete()
    return key


def cancelled(task: Any) -> Any:
    """Return a task that is cancelled."""
    return cancel_task(task=task)


def merged(model: Any, owner: Any) -> Any:
    """Return the id of a record of the owner's team that became part of another."""
    people = {"owner": owner, "team": owner.team}
    return merge_records(winner=make(model, **people), loser=make(model, **people), by=owner).loser


def call(client: Any, path: str, viewset: Any, operation: str, owner: Any) -> Any:
    """Do one operation on a record of the owner's team."""
    model = viewset.queryset.model
    record = make(model, owner=owner, team=owner.team)
    people = {"owner": owner, "team": owner.team}
    body = body_for(viewset.serializer_class, **people)
    elsewhere = f"{path}/by-external-id/erp/1"
    return {
        "list": lambda: client.get(path),
        "retrieve": lambda: client.get(f"{path}/{record.pk}"),
        "by_external_id": lambda: client.get(elsewhere),
        "create": lambda: client.post(path, body),
        "update": lambda: client.put(f"{path}/{record.pk}", body),
        "partial_update": lambda: client.patch(f"{path}/{record.pk}", {}),
        "upsert": lambda: client.put(elsewhere, body),
        "destroy": lambda: client.delete(f"{path}/{record.pk}"),
        "history": lambda: client.get(f"{path}/{record.pk}/history"),
        "batch": lambda: client.post(f"{path}/batch", {"items": [{"operation": "create", "data": body}]}),
        "export": lambda: client.get(f"{path}/export"),
        "timeline": lambda: client.get(f"{path}/{record.pk}/timeline"),
        "related": lambda: client.get(f"{path}/{record.pk}/related"),
        "tree": lambda: client.get(f"{path}/{record.pk}/tree"),
        "complete": lambda: client.post(f"{path}/{record.pk}/complete"),
        "cancel": lambda: client.post(f"{path}/{record.pk}/cancel"),
        "reopen": lambda: client.post(f"{path}/{cancelled(record).pk}/reopen"),
        "assign": lambda: client.post(f"{path}/{record.pk}/assign", {"assignee": None}),
        "snooze": lambda: client.post(f"{path}/{record.pk}/snooze", {"until": "2100-01-01T00:00:00Z"}),
        "consents": lambda: client.get(f"{path}/{record.pk}/consents"),
        "preferences_link": lambda: client.post(f"{path}/{record.pk}/preferences-link"),
        "revoke_preferences_links": lambda: client.delete(f"{path}/{record.pk}/preferences-link"),
        "merge": lambda: client.post(f"{path}/{record.pk}/merge", {"loser": str(make(model, **people).pk)}),
        "erase": lambda: client.post(f"{path}/{record.pk}/erase", {"reason": "Asked for it."}),
        "personal_data": lambda: client.get(f"{path}/{record.pk}/personal-data"),
        "unmerge": lambda: client.post(f"{path}/{merged(model, owner)}/unmerge"),
        "restore": lambda: client.post(f"{path}/{gone(model, owner)}/restore"),
    }[operation]()


OFFERED = [
    (path, operation)
    for path, viewset in RECORDS.items()
    for operation in sorted(operations(viewset))
    if viewset.scope in {"customers", "tasks"}
]


@pytest.mark.parametrize("path", RECORDS)
def test_the_table_has_every_operation(path: str) -> None:
    assert operations(RECORDS[path]) <= ALLOWED.keys()


@pytest.mark.parametrize(("path", "operation"), OFFERED)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_what_the_table_says(
    api_client: Any, make_user: Any, make_team: Any, path: str, role: str, operation: str
) -> None:
    user = make_user(role, team=make_team("North"))
    client = api_client(user, "customers:read", "customers:write", "tasks:read", "tasks:write")
    answer = call(client, path, RECORDS[path], operation, user)
    if role not in ALLOWED[operation]:
        assert answer.status_code == 403
    elif operation == "by_external_id":
        assert answer.status_code == 404
    else:
        assert answer.status_code in {200, 201, 204}, answer.content


@pytest.mark.parametrize("path", RECORDS)
def test_who_has_no_role_may_do_nothing(api_client: Any, make_user: Any, path: str) -> None:
    client = api_client(make_user(), "customers:read", "customers:write", "tasks:read", "tasks:write")
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
