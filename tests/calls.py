"""Every operation on a record of some kind, as a client does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from crm.merging.actions import merge_records
from customers.models import Customer
from marketing.models import Campaign, Segment, Template
from sales.models import AssignmentRule, LossReason, Opportunity, Stage
from service.actions import add_note
from tests.samples import body_for, make

if TYPE_CHECKING:
    from collections.abc import Callable

    Calls = dict[str, Callable[[], Any]]

TOMORROW = (timezone.now() + timedelta(days=1)).isoformat()
WON = {"kind": "won", "probability": 100}
GIVEN_UP = {"status": "disqualified", "disqualified_reason": "spam"}
ASSIGNED = {"/api/v1/tasks": "assignee", "/api/v1/tickets": "assignee"}
BEGUN = {"kind": "event", "started_at": "2026-01-01T00:00:00Z"}
CAMPAIGNS: dict[str, dict[str, Any]] = {
    "schedule": {"kind": "event"},
    "unschedule": {"status": "scheduled", "scheduled_at": "2026-01-01T00:00:00Z"},
    "start": {"kind": "event"},
    "resume": {**BEGUN, "status": "paused"},
    "pause": {**BEGUN, "status": "sending"},
    "finish": {**BEGUN, "status": "sending"},
}


@dataclass(frozen=True)
class On:
    """A client, and a record of a colleague's team."""

    client: Any
    path: str
    record: Any
    body: dict[str, Any]
    owner: Any

    @property
    def address(self) -> str:
        """The record's own address."""
        return f"{self.path}/{self.record.pk}"

    @property
    def people(self) -> dict[str, Any]:
        """Whose the record is."""
        return {"owner": self.owner, "team": self.owner.team}

    def post(self, verb: str, body: Any = None) -> Callable[[], Any]:
        """Return who posts to a verb of the record."""
        return lambda: self.client.post(f"{self.address}/{verb}", body() if callable(body) else body)

    def get(self, verb: str) -> Callable[[], Any]:
        """Return who asks for a part of the record."""
        return lambda: self.client.get(f"{self.address}/{verb}")


def call(client: Any, path: str, viewset: Any, operation: str, owner: Any) -> Any:
    """Do one operation on a record of the owner's team."""
    model = viewset.queryset.model
    people = {"owner": owner, "team": owner.team}
    record = make(model, **people, **standing(model, operation))
    on = On(client, path, record, body_for(viewset.serializer_class, **people), owner)
    calls = {**of_the_kit(on), **of_customers(on), **of_sales(on), **of_tickets(on), **of_segments(on)}
    return {**calls, **(of_campaigns(on) if model is Campaign else {})}[operation]()


def of_the_kit(on: On) -> Calls:
    """Return what every resource offers."""
    client, path, body, elsewhere = on.client, on.path, on.body, f"{on.path}/by-external-id/erp/1"
    model = type(on.record)
    return {
        "list": lambda: client.get(path),
        "retrieve": lambda: client.get(on.address),
        "by_external_id": lambda: client.get(elsewhere),
        "create": lambda: client.post(path, body),
        "update": lambda: client.put(on.address, body),
        "partial_update": lambda: client.patch(on.address, {}),
        "upsert": lambda: client.put(elsewhere, body),
        "destroy": lambda: client.delete(on.address),
        "history": on.get("history"),
        "batch": lambda: client.post(f"{path}/batch", {"items": [{"operation": "create", "data": body}]}),
        "export": lambda: client.get(f"{path}/export"),
        "merge": on.post("merge", lambda: {"loser": str(like(on.record, **on.people).pk)}),
        "unmerge": lambda: client.post(f"{path}/{merged(model, on.owner)}/unmerge"),
        "restore": lambda: client.post(f"{path}/{gone(model, on.owner)}/restore"),
    }


def of_customers(on: On) -> Calls:
    """Return what customers and tasks offer."""
    link = f"{on.address}/preferences-link"
    return {
        **{name: on.get(name) for name in ("timeline", "related", "tree", "consents")},
        "personal_data": on.get("personal-data"),
        "preferences_link": lambda: on.client.post(link),
        "revoke_preferences_links": lambda: on.client.delete(link),
        "erase": on.post("erase", {"reason": "Asked for it."}),
        "complete": on.post("complete"),
        "cancel": on.post("cancel"),
        "reopen": on.post("reopen", lambda: again(type(on.record))),
        "snooze": on.post("snooze", {"until": "2100-01-01T00:00:00Z"}),
        "assign": on.post("assign", {ASSIGNED.get(on.path, "owner"): None}),
    }


def of_sales(on: On) -> Calls:
    """Return what leads and deals offer."""
    return {
        **{verb: on.post(verb) for verb in ("start", "qualify", "convert")},
        "capture": lambda: on.client.post(f"{on.path}/capture", {"contact": {"name": "Ada"}}),
        "disqualify": on.post("disqualify", {"reason": "spam"}),
        "assign_by_rules": lambda: by_rules(on.client, on.address, on.owner),
        "move": on.post("move", lambda: elsewhere_of(type(on.record))),
        "win": on.post("win", lambda: {"stage": str(make(Stage, **WON).pk)}),
        "lose": on.post("lose", loss),
    }


def of_tickets(on: On) -> Calls:
    """Return what tickets offer."""
    return {
        "open": lambda: on.client.post(f"{on.path}/open", {**said(on.body), "body": "It smokes."}),
        "reply": on.post("reply", {"body": "Unplug it."}),
        "note": on.post("note", {"body": "Careful."}),
        "receive": on.post("receive", {"body": "Now?"}),
        "take": on.post("take"),
        "split": on.post("split", lambda: parts(on.record, on.owner)),
    }


def of_segments(on: On) -> Calls:
    """Return what segments offer."""
    return {
        "preview": lambda: on.client.post(f"{on.path}/preview", {"conditions": {}}),
        "members": on.get("members"),
        "change_members": on.post("members", {}),
        "freeze": on.post("freeze"),
        "thaw": on.post("thaw"),
    }


def of_campaigns(on: On) -> Calls:
    """Return what campaigns offer."""
    return {
        **{verb: on.post(verb) for verb in ("unschedule", *CAMPAIGNS)},
        "schedule": on.post("schedule", {"at": TOMORROW}),
        "findings": on.get("findings"),
        "results": on.get("results"),
        "preview": on.post("preview", lambda: {"customer": mailable(on.record, on.people)}),
        "test": on.post("test", lambda: {"customer": mailable(on.record, on.people), "to": "me@example.com"}),
    }


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


def elsewhere_of(model: Any) -> dict[str, str]:
    """Return where a deal or a ticket is moved."""
    return {"stage": str(make(Stage).pk)} if model is Opportunity else {"status": "pending"}


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


def mailable(campaign: Any, people: dict[str, Any]) -> str:
    """Return a customer for whom a campaign's message is filled in."""
    campaign.template = make(Template, html="<p>Hello</p>")
    campaign.save()
    return str(make(Customer, **people).pk)
