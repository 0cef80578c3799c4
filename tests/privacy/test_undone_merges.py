"""Two people who were one for a while: each is erased without the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.base import ContentFile

from crm.attachments.actions import attach
from crm.attachments.store import store
from crm.merging.actions import merge_records, undo_merge
from crm.models import Attachment, Change, Webhook, WebhookDelivery
from crm.privacy.actions import erase_person
from customers.models import Customer, Interaction
from tests.privacy.test_api import archive
from tests.samples import make

if TYPE_CHECKING:
    from crm.models import User


@pytest.fixture
def winner() -> Customer:
    made: Customer = make(Customer, name="Ada Lovelace", email="", job_title="Countess", description="", custom={})
    return made


@pytest.fixture
def loser() -> Customer:
    custom = {"nickname": "Bob the spy"}
    made: Customer = make(
        Customer, name="Bob Babbage", email="bob@example.com", job_title="Spy", description="Spied.", custom=custom
    )
    return made


def merged_and_parted(winner: Customer, loser: Customer, by: User) -> None:
    done = merge_records(winner=winner, loser=loser, by=by, fields={"job_title": "loser"})
    Customer.objects.filter(pk=winner.pk).update(description="Spied much.", industry="Poetry")
    Customer.objects.filter(pk=winner.pk).update(description="Spied.")
    undo_merge(merge=done, model=Customer)


def told_of(customer: Customer) -> str:
    return str(list(Change.objects.filter(record=customer.pk).order_by("sequence").values_list("before", "after")))


def test_what_is_anothers_by_now_stays_theirs(winner: Any, loser: Any, integration: User, folder: Any) -> None:
    made = make(Interaction, customer=loser, subject="About Bob", body="He called.")
    file = attach(about=loser, name="bob.txt", content=ContentFile(b"of Bob", name="bob.txt"), by=integration)
    merged_and_parted(winner, loser, integration)
    before = told_of(loser), list(Change.objects.filter(record=made.pk).order_by("sequence").values("before", "after"))
    erase_person(customer=winner, by=integration, reason="Asked for it.")
    assert store().open(Attachment.objects.get(pk=file.pk).key).read() == b"of Bob"
    assert list(Change.objects.filter(record=made.pk).order_by("sequence").values("before", "after")) == before[1]
    assert told_of(loser) == before[0]


def message_of(change: Change, by: User) -> WebhookDelivery:
    said = {"id": f"{change.transaction}-{change.sequence}", "before": change.before, "after": change.after}
    webhook = make(Webhook, user=by, url="https://example.com", secret=b"secret")
    made: WebhookDelivery = make(WebhookDelivery, webhook=webhook, record=change.record, body={"data": said})
    return made


def test_messages_lose_it_too(winner: Any, loser: Any, integration: User) -> None:
    merged_and_parted(winner, loser, integration)
    line = Change.objects.get(record=winner.pk, after__email="bob@example.com")
    message = message_of(line, integration)
    erase_person(customer=loser, by=integration, reason="Asked for it.")
    message.refresh_from_db()
    assert (message.body["data"]["before"]["email"], message.body["data"]["after"]["email"]) == ("", "")
    assert "Spy" not in str(message.body)


def test_what_one_lent_to_the_other_goes_with_them(winner: Any, loser: Any, integration: User) -> None:
    merged_and_parted(winner, loser, integration)
    erase_person(customer=loser, by=integration, reason="Asked for it.")
    told = told_of(winner)
    assert [word for word in ("bob@example.com", "Spy", "Spied.", "Bob the spy") if word in told] == []
    assert [word for word in ("Ada Lovelace", "Countess", "Poetry", "Spied much.") if word not in told] == []
    kept = Customer.objects.get(pk=winner.pk)
    assert (kept.name, kept.job_title, kept.industry) == ("Ada Lovelace", "Countess", "Poetry")


def test_what_is_anothers_by_now_is_not_handed_out(winner: Any, loser: Any, integration: User, client: Any) -> None:
    made = make(Interaction, customer=loser, subject="About Bob", body="He called.")
    done = merge_records(winner=winner, loser=loser, by=integration)
    Interaction.objects.filter(pk=made.pk).update(body="He called twice.")
    undo_merge(merge=done, model=Customer)
    files = archive(client.get(f"/api/v1/customers/{winner.pk}/personal-data"))
    assert b"He called" not in files["changes.json"]
    theirs = archive(client.get(f"/api/v1/customers/{loser.pk}/personal-data"))
    assert b"He called twice." in theirs["changes.json"]
