"""A person of whom a word stands in every text that the schema has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.core.files.base import ContentFile
from django.db.models import JSONField
from django.utils import timezone
from procrastinate.contrib.django import app

from crm.attachments.actions import attach
from crm.erasing import erasing
from crm.merging.actions import merge_records
from crm.merging.references import references_to
from crm.models import (
    Attachment,
    ExternalReference,
    IdempotencyKey,
    Import,
    ImportFile,
    ImportRefusal,
    Record,
    SavedView,
    SyncRefusal,
    SyncRun,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from crm.privacy import holdings
from crm.privacy.person import belongs
from crm.secrets import seal
from customers.models import Customer
from marketing.models import Campaign, Click, Segment, Suppression
from sales.models import Lead, LossReason, Opportunity, Stage
from service.models import Draft, IncomingMail, Ticket
from tests.samples import make

if TYPE_CHECKING:
    from django.db.models import Model

    from crm.models import User

KNOWN: Final = {
    "name": "Marta {word}",
    "email": "marta@{word}.example",
    "phone": "030 {word}",
    "phone_e164": "+49{word}",
    "fax": "031 {word}",
    "tax_id": "DE-{word}",
}


def fill(record: Any, word: str, **given: Any) -> None:
    """Write a word into every text of a record that is emptied of itself, whatever made it."""
    fields = [one for one in record._meta.concrete_fields if one.name in holdings.of(type(record)).emptied()]
    values = {one.name: text_for(one, word) for one in fields if one.name not in {"tags", "is_active", "erased_at"}}
    with erasing():
        type(record)._base_manager.filter(pk=record.pk).update(**values | given)


def text_for(field: Any, word: str) -> Any:
    """Return a value with the word."""
    if isinstance(field, ArrayField):
        return [word]
    if isinstance(field, JSONField):
        return {"note": f"of {word}"}
    return f"of {word}"[: field.max_length]


def person(word: str, user: User) -> Customer:
    """Make a person with every kind of record that there is, each full of the word, twice written."""
    customer: Customer = make(Customer, owner=user, name="Nobody")
    for _time in range(2):
        fill(customer, word, **{name: form.format(word=word) for name, form in KNOWN.items()})
        fill(customer, word, **{name: form.format(word=word) for name, form in KNOWN.items()}, source=f"by {word}")
    records(customer, word, user)
    loser = make(Customer, name=f"Once {word}", email=f"once@{word}.example", description=f"was {word}")
    merge_records(winner=customer, loser=loser, by=user)
    elsewhere(customer, word, user)
    fill(customer, word, **{name: form.format(word=word) for name, form in KNOWN.items()})
    customer.refresh_from_db()
    return customer


def records(customer: Customer, word: str, user: User) -> None:
    """Make records of all kinds that concern the customer, one of each deleted again; and files."""
    for one in references_to(Customer):
        if not issubclass(one.model, Record) or one.model in {Customer, Attachment}:
            continue
        if not (one.kind or one.model._meta.get_field(one.name).is_relation):
            continue  # follows from what the record is about
        given = {one.name: customer.pk, one.kind: Customer.label()} if one.kind else {one.name: customer}
        for number in range(2):
            made = make(one.model, **given, **closed(one.model))
            fill(made, word)
            parts(made, word)
            if not number and one.model._meta.label_lower != "customers.consent":
                made.delete()
    for number in range(2):
        file = attach(about=customer, name=f"{word}.txt", content=ContentFile(f"of {word}".encode()), by=user)
        fill(file, word)
        if number:
            file.delete()


def parts(record: Any, word: str) -> None:
    """Make what is part of a record, such as the messages of a ticket."""
    kind: type[Model] = type(record)
    for one in references_to(kind):
        if belongs(one) and not one.kind and issubclass(one.model, Record):
            fill(make(one.model, **{one.name: record}), word)


def closed(model: type[Any]) -> dict[str, Any]:
    """Return what a lead or a deal must be to have a note on why it was given up."""
    if model is Lead:
        return {"status": "disqualified", "disqualified_reason": "other"}
    if model is Opportunity:
        stage = make(Stage, kind="lost", probability=0)
        return {"stage": stage, "lost_reason": make(LossReason), "forecast_category": "omitted"}
    return {}


def elsewhere(customer: Customer, word: str, user: User) -> None:
    """Write of the person into logs, files and answers, beside the word: by which these rows are not found."""
    email, name = KNOWN["email"].format(word=word), KNOWN["name"].format(word=word)
    row = {"email": email, "note": f"of {word}"}
    kind = ContentType.objects.get_for_model(Customer)
    make(ExternalReference, content_type=kind, object_id=customer.pk, system=f"erp-{word}", external_id=f"K-{word}")
    LogEntry.objects.create(
        user=user, content_type=kind, object_id=str(customer.pk), object_repr=f"of {word}",
        action_flag=CHANGE, change_message=f"of {word}",
    )  # fmt: skip
    columns = [{"name": "email", "field": "email", "samples": [email, word]}]
    one = make(
        Import, user=user, resource="customers", filename=f"{name}.csv", columns=columns, error=f"{email} {word}"
    )
    ImportFile.objects.create(owner=one, content=f"email,note\n{email},of {word}\n".encode())
    ImportRefusal.objects.create(owner=one, line=2, cells=row, reasons=[f"of {word}"])
    run = make(SyncRun, error=f"{name}: of {word}")
    SyncRefusal.objects.create(
        run=run, source="erp", resource="people", identity=f"of {word}", position=f"of {word}", input=row,
        reasons={"note": [f"of {word}"]},
    )  # fmt: skip
    SavedView.objects.create(
        user=user, resource="customers", name=f"of {word}", parameters={"email": email, "q": word},
        screen=f"q={word}", columns=[word],
    )  # fmt: skip
    IdempotencyKey.objects.create(
        user=user, application="shop", key=email, fingerprint="0" * 64, status=201, headers={"Location": f"/{word}"},
        body=seal(json.dumps({"id": str(customer.pk), "note": f"of {word}"}).encode()),
    )  # fmt: skip
    mailed(customer, word, email)
    messages(customer, word, user)
    letter = {"recipients": f"of {word}", "subject": f"of {word}", "reason": f"of {word}", "size": 1}
    make(IncomingMail, key=f"<1@{word}>", sender=f"of {word}", state="accepted", customer=customer, **letter)
    make(IncomingMail, key=f"<2@{word}>", sender=email, state="refused", raw=f"of {word}".encode(), **letter)
    for ticket in Ticket.objects.filter(customer=customer):
        Draft.objects.create(ticket=ticket, author=user, body=f"of {word}")
    app.configure_task("crm.webhooks.deliver", allow_unknown=True).defer(delivery=email, note=f"of {word}")


def mailed(customer: Customer, word: str, email: str) -> None:
    """Make what campaigns keep beside their members: links that were followed, and an address not to write to."""
    now = timezone.now()
    Click.objects.create(
        campaign=make(Campaign, segment=None), customer=customer, url=f"https://{word}", first_at=now, last_at=now
    )
    Suppression.objects.create(address=email, reason="bounce", detail=f"of {word}")
    told = {"name": f"With {email}", "description": f"For {email}", "custom": {"note": email}}
    made = make(Segment, conditions={"any": [{"email__in": f"a@example.com,{email}"}, {"email": email}]}, **told)
    Segment.objects.filter(pk=made.pk).update(description=f"Only for {email}")


def messages(customer: Customer, word: str, user: User) -> None:
    """Make a message that waits, and what a receiver answered to it."""
    webhook = make(Webhook, user=user, url="https://example.com", secret=b"secret")
    change = {"record": str(customer.pk), "before": {"name": "A"}, "after": {"name": f"of {word}", "kind": "person"}}
    body = {"type": "customers.updated", "data": change}
    delivery = make(WebhookDelivery, webhook=webhook, event="customers.updated", record=customer.pk, body=body)
    WebhookAttempt.objects.create(
        delivery=delivery,
        milliseconds=1,
        request_headers={},
        response_headers={"X-Said": word},
        response_body=f"of {word}",
    )
