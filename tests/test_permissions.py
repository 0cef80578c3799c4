"""Who may do what: one table for all operations and roles; an operation that it lacks fails."""

from __future__ import annotations

from typing import Any

import pytest

from crm.merging.actions import merge_records
from crm.roles import ROLES
from crm.tasks.actions import cancel_task
from service.actions import add_note
from tests.resources import RECORDS, operations
from tests.samples import body_for, make

pytestmark = pytest.mark.django_db

SCOPES = [f"{scope}:{verb}" for scope in ("customers", "tasks", "service") for verb in ("read", "write")]
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
    "snooze": WRITERS,
    "batch": READERS,  # each item needs its own
    "open": WRITERS,
    "reply": WRITERS,
    "note": WRITERS,
    "receive": WRITERS,
    "take": WRITERS,
    "move": WRITERS,
    "split": WRITERS,
}
# Of the roles above, those that serve; and what of it agents only read.
SERVING = ("Service agent", "Service manager", "Integration", "Administrator", "Auditor")
MANAGED = {"/api/v1/queues", "/api/v1/agents", "/api/v1/business-hours", "/api/v1/sla-policies"}


def allowed(path: str, viewset: Any, operation: str) -> set[str]:
    """Return the roles that an operation of a resource answers with success."""
    if viewset.scope != "service":
        return set(ALLOWED[operation])
    roles = set(WRITERS if operation == "merge" else ALLOWED[operation]) & set(SERVING)
    is_reading = ALLOWED[operation] is READERS and operation != "batch"
    return roles - ({"Service agent"} if path in MANAGED and not is_reading and operation != "batch" else set())


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


def like(record: Any, **people: Any) -> Any:
    """Return another record that may be merged with one: of the same customer, where it has one."""
    shared = {"customer": record.customer} if hasattr(record, "customer") else {}
    return make(type(record), **people, **shared)


def said(body: dict[str, Any]) -> dict[str, Any]:
    """Return what opening a ticket takes of a new one's body."""
    return {name: body[name] for name in ("customer", "queue", "subject") if name in body}


def parts(ticket: Any, owner: Any) -> dict[str, Any]:
    """Return how a ticket of two messages is split."""
    first = add_note(ticket=ticket, by=owner, body="One.")
    add_note(ticket=ticket, by=owner, body="Another.")
    return {"subject": "Another thing", "messages": [str(first.pk)]}


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
        "merge": lambda: client.post(f"{path}/{record.pk}/merge", {"loser": str(like(record, **people).pk)}),
        "erase": lambda: client.post(f"{path}/{record.pk}/erase", {"reason": "Asked for it."}),
        "personal_data": lambda: client.get(f"{path}/{record.pk}/personal-data"),
        "unmerge": lambda: client.post(f"{path}/{merged(model, owner)}/unmerge"),
        "restore": lambda: client.post(f"{path}/{gone(model, owner)}/restore"),
        "open": lambda: client.post(f"{path}/open", {**said(body), "body": "It smokes."}),
        "reply": lambda: client.post(f"{path}/{record.pk}/reply", {"body": "Unplug it."}),
        "note": lambda: client.post(f"{path}/{record.pk}/note", {"body": "Careful."}),
        "receive": lambda: client.post(f"{path}/{record.pk}/receive", {"body": "Now?"}),
        "take": lambda: client.post(f"{path}/{record.pk}/take"),
        "move": lambda: client.post(f"{path}/{record.pk}/move", {"status": "pending"}),
        "split": lambda: client.post(f"{path}/{record.pk}/split", parts(record, owner)),
    }[operation]()


OFFERED = [
    (path, operation)
    for path, viewset in RECORDS.items()
    for operation in sorted(operations(viewset))
    if viewset.scope in {"customers", "tasks", "service"}
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
    client = api_client(user, *SCOPES)
    answer = call(client, path, RECORDS[path], operation, user)
    if role not in allowed(path, RECORDS[path], operation):
        assert answer.status_code == 403
    elif operation == "by_external_id":
        assert answer.status_code == 404
    else:
        assert answer.status_code in {200, 201, 204}, answer.content


@pytest.mark.parametrize("path", RECORDS)
def test_who_has_no_role_may_do_nothing(api_client: Any, make_user: Any, path: str) -> None:
    client = api_client(make_user(), *SCOPES)
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
