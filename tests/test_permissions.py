"""Who may do what: one table for all operations and roles; an operation that it lacks fails."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from crm.merging.actions import merge_records
from crm.roles import ROLES
from customers.models import Customer
from marketing.models import Campaign, Segment, Template
from sales.models import AssignmentRule, LossReason, Opportunity, Stage
from tests.resources import RECORDS, operations
from tests.samples import body_for, make

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

WON = {"kind": "won", "probability": 100}
GIVEN_UP = {"status": "disqualified", "disqualified_reason": "spam"}
ASSIGNED = {"/api/v1/tasks": "assignee"}
BEGUN = {"kind": "event", "started_at": "2026-01-01T00:00:00Z"}
CAMPAIGNS: dict[str, dict[str, Any]] = {
    "schedule": {"kind": "event"},
    "unschedule": {"status": "scheduled", "scheduled_at": "2026-01-01T00:00:00Z"},
    "start": {"kind": "event"},
    "resume": {**BEGUN, "status": "paused"},
    "pause": {**BEGUN, "status": "sending"},
    "finish": {**BEGUN, "status": "sending"},
}
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
    "members": READERS,
    **dict.fromkeys(("freeze", "thaw", "change_members"), WRITERS),
}
# In sales, service agents have no part, and service managers and marketers read only; of products and orders see below.
SELLERS = ("Sales representative", "Sales manager", "Integration", "Administrator")
SALES_READERS = tuple(role for role in ROLES if role != "Service agent")
MANAGERS = ("Sales manager", "Integration", "Administrator")
# In marketing, service has no part, and sales reads.
MARKETERS = ("Marketer", "Integration", "Administrator")
MARKETING_READERS = tuple(role for role in ROLES if not role.startswith("Service"))


def allowed(path: str, operation: str) -> tuple[str, ...]:
    """Return the roles that an operation on a resource answers with success; all others get 403."""
    roles, viewset = ALLOWED[operation], RECORDS[path]
    if viewset.scope == "marketing":
        return MARKETING_READERS if roles == READERS else MARKETERS
    if viewset.scope != "sales":
        return roles
    if roles == READERS:
        return SALES_READERS
    if getattr(viewset, "write_scope", "") == "sync:run":
        return ("Integration",)
    return SELLERS if roles == WRITERS and not path.endswith("/products") else MANAGERS


def gone(model: Any, owner: Any) -> Any:
    """Return the id of a record of the owner's team that was deleted."""
    record = make(model, owner=owner, team=owner.team)
    key = record.pk
    record.delete()
    return key


def standing(model: Any, operation: str) -> dict[str, Any]:
    """Return the values of a record that the operation goes with."""
    if operation == "change_members":
        return {"kind": "frozen"}
    if model is Campaign:
        return {"segment": make(Segment), **CAMPAIGNS.get(operation, {})}
    if operation != "reopen":
        return {}
    closed = {"opportunity": {"stage": make(Stage, **WON)} if model is Opportunity else {}}
    return {"task": {"status": "cancelled"}, "lead": GIVEN_UP, **closed}[model._meta.model_name]


def again(model: Any) -> dict[str, str] | None:
    """Return where a deal is opened again, as a client says it; nothing of other records."""
    return {"stage": str(make(Stage).pk)} if model is Opportunity else None


def by_rules(client: Any, address: str, owner: Any) -> Any:
    """Assign a lead by the one rule that there is."""
    make(AssignmentRule, method="user", team=None, user=owner)
    return client.post(f"{address}/assign-by-rules")


def loss() -> dict[str, str]:
    """Return why and where a deal is lost, as a client says it."""
    return {"stage": str(make(Stage, kind="lost").pk), "reason": str(make(LossReason).pk)}


def merged(model: Any, owner: Any) -> Any:
    """Return the id of a record of the owner's team that became part of another."""
    people = {"owner": owner, "team": owner.team}
    return merge_records(winner=make(model, **people), loser=make(model, **people), by=owner).loser


def mailable(campaign: Any, people: dict[str, Any]) -> str:
    """Return a customer for whom a campaign's message is filled in."""
    campaign.template = make(Template, html="<p>Hello</p>")
    campaign.save()
    return str(make(Customer, **people).pk)


def campaign_calls(client: Any, address: str, campaign: Any, people: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the verbs on a campaign."""
    return {
        **{verb: partial(client.post, f"{address}/{verb}") for verb in ("unschedule", *CAMPAIGNS)},
        "schedule": lambda: client.post(f"{address}/schedule", {"at": "2100-01-01T00:00:00Z"}),
        **{verb: partial(client.get, f"{address}/{verb}") for verb in ("findings", "results")},
        "preview": lambda: client.post(f"{address}/preview", {"customer": mailable(campaign, people)}),
        "test": lambda: client.post(
            f"{address}/test", {"customer": mailable(campaign, people), "to": "me@example.com"}
        ),
    }


def call(client: Any, path: str, viewset: Any, operation: str, owner: Any) -> Any:
    """Do one operation on a record of the owner's team."""
    model = viewset.queryset.model
    record = make(model, owner=owner, team=owner.team, **standing(model, operation))
    people = {"owner": owner, "team": owner.team}
    body = body_for(viewset.serializer_class, **people)
    elsewhere = f"{path}/by-external-id/erp/1"
    calls: dict[str, Callable[[], Any]] = {
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
        "reopen": lambda: client.post(f"{path}/{record.pk}/reopen", again(model)),
        "assign_by_rules": lambda: by_rules(client, f"{path}/{record.pk}", owner),
        "assign": lambda: client.post(f"{path}/{record.pk}/assign", {ASSIGNED.get(path, "owner"): None}),
        "capture": lambda: client.post(f"{path}/capture", {"contact": {"name": "Ada"}}),
        "disqualify": lambda: client.post(f"{path}/{record.pk}/disqualify", {"reason": "spam"}),
        "move": lambda: client.post(f"{path}/{record.pk}/move", {"stage": str(make(Stage).pk)}),
        "win": lambda: client.post(f"{path}/{record.pk}/win", {"stage": str(make(Stage, **WON).pk)}),
        "lose": lambda: client.post(f"{path}/{record.pk}/lose", loss()),
        **{verb: partial(client.post, f"{path}/{record.pk}/{verb}") for verb in ("start", "qualify", "convert")},
        "snooze": lambda: client.post(f"{path}/{record.pk}/snooze", {"until": "2100-01-01T00:00:00Z"}),
        "consents": lambda: client.get(f"{path}/{record.pk}/consents"),
        "preferences_link": lambda: client.post(f"{path}/{record.pk}/preferences-link"),
        "revoke_preferences_links": lambda: client.delete(f"{path}/{record.pk}/preferences-link"),
        "merge": lambda: client.post(f"{path}/{record.pk}/merge", {"loser": str(make(model, **people).pk)}),
        "erase": lambda: client.post(f"{path}/{record.pk}/erase", {"reason": "Asked for it."}),
        "personal_data": lambda: client.get(f"{path}/{record.pk}/personal-data"),
        "preview": lambda: client.post(f"{path}/preview", {"conditions": {}}),
        "members": lambda: client.get(f"{path}/{record.pk}/members"),
        "change_members": lambda: client.post(f"{path}/{record.pk}/members", {}),
        **{verb: partial(client.post, f"{path}/{record.pk}/{verb}") for verb in ("freeze", "thaw")},
        "unmerge": lambda: client.post(f"{path}/{merged(model, owner)}/unmerge"),
        "restore": lambda: client.post(f"{path}/{gone(model, owner)}/restore"),
    }
    calls |= campaign_calls(client, f"{path}/{record.pk}", record, people) if model is Campaign else {}
    return calls[operation]()


OFFERED = [
    (path, operation)
    for path, viewset in RECORDS.items()
    for operation in sorted(operations(viewset))
    if viewset.scope in {"customers", "tasks", "marketing", "sales"}
]
SCOPES = [f"{name}:{verb}" for name in ("customers", "tasks", "marketing", "sales") for verb in ("read", "write")]


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
