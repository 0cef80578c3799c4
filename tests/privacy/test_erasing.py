"""After an erasure, no table, file, feed or log holds a word about the person; of anyone else all is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core.exceptions import ValidationError

from crm.models import Change, Erasure
from crm.privacy.actions import erase_person
from tests.privacy import schema

if TYPE_CHECKING:
    from pathlib import Path

    from customers.models import Customer

WORD: Final = "zzmarker"
# What no customer can put a word into: names that programs and the CRM itself give.
NOT_THEIRS: Final = {
    ("crm_change", column) for column in ("model", "application", "command", "request_id")
} | {
    ("customers_customer", "organization_kind"),
    ("crm_merge", "model"),
    ("crm_merge", "left"),
    ("crm_idempotencykey", "application"),
    ("crm_idempotencykey", "fingerprint"),
    ("crm_idempotencykey", "body"),  # sealed, and looked into by itself
    ("crm_import", "resource"),
    ("crm_import", "key"),
    ("crm_import", "system"),
    ("crm_savedview", "resource"),
    ("crm_syncrefusal", "source"),
    ("crm_syncrefusal", "resource"),
    ("crm_syncrun", "source"),
    ("crm_syncrun", "resource"),
    ("crm_syncrun", "checkpoint_before"),
    ("crm_syncrun", "checkpoint_after"),
    ("crm_webhookdelivery", "event"),
    ("crm_webhookattempt", "error"),
    ("crm_webhookattempt", "request_headers"),
    ("procrastinate_jobs", "queue_name"),
    ("procrastinate_jobs", "task_name"),
    ("procrastinate_jobs", "lock"),
    ("procrastinate_jobs", "queueing_lock"),
    ("django_admin_log", "object_id"),
}  # fmt: skip


def erase(customer: Customer, user: Any) -> Erasure:
    return erase_person(customer=customer, by=user, reason="Asked for it by letter.")


def files(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_a_word_is_planted_in_every_text_that_the_schema_has(marta: Customer) -> None:
    assert sorted(schema.to_plant() - schema.holding(WORD) - NOT_THEIRS) == []


def test_no_table_holds_a_word_of_the_erased(marta: Customer, integration: Any, folder: Path) -> None:
    assert WORD in files(folder)
    assert len(schema.tables_with(WORD)) > 15
    erase(marta, integration)
    assert schema.rows_with(WORD) == {}
    assert schema.holding(WORD) == set()
    assert schema.answers_with(WORD) == 0
    assert WORD not in files(folder)


def test_of_another_person_every_row_is_as_it_was(marta: Customer, other: Customer, integration: Any) -> None:
    before = schema.rows_with("yyother")
    assert len(before) > 15
    erase(marta, integration)
    assert schema.rows_with("yyother") == before


def test_who_asks_twice_gets_the_same_certificate(marta: Customer, integration: Any) -> None:
    first = erase(marta, integration)
    last = Change.objects.latest("sequence").pk
    assert erase(marta, integration) == first
    assert Erasure.objects.count() == 1
    assert Change.objects.latest("sequence").pk == last


def test_a_reason_that_names_the_person_is_refused(marta: Customer, integration: Any) -> None:
    with pytest.raises(ValidationError):
        erase_person(customer=marta, by=integration, reason=f"Marta {WORD.title()} asked for it.")
    marta.refresh_from_db()
    assert marta.erased_at is None
    assert not Erasure.objects.exists()
