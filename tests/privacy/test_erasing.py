"""After an erasure, no table, file, feed or log holds a word about the person; of anyone else all is as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from crm.merging.actions import merge_records
from crm.models import Change, Erasure, Import, ImportFile, ImportRefusal
from crm.privacy.actions import NotThere, erase_person
from crm.privacy.jobs import erase_again
from customers.models import Customer, Interaction
from tests.privacy import schema
from tests.samples import make

if TYPE_CHECKING:
    from pathlib import Path

    from crm.models import User

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
    ("sales_lead", "score_reasons"),  # names of rules
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


def test_what_was_written_at_the_same_moment_is_erased_a_little_later(marta: Customer, integration: Any) -> None:
    first = erase_person(customer=marta, by=integration, reason="Asked for it.")
    job = ProcrastinateJob.objects.get(task_name="crm.privacy.erase_again")
    assert job.args == {"erasure": str(first.pk)}
    assert job.scheduled_at > timezone.now()
    late = make(Interaction, customer=marta, subject="Written at the same moment")
    erase_again(str(first.pk))
    late.refresh_from_db()
    assert late.subject == "Erased"
    last = Erasure.objects.latest("at")
    assert (last.counts["customers.interaction"], last.by, last.reason) == (1, integration, "Asked for it.")


def test_a_reason_that_names_the_person_is_refused(marta: Customer, integration: Any) -> None:
    with pytest.raises(ValidationError):
        erase_person(customer=marta, by=integration, reason=f"Marta {WORD.title()} asked for it.")
    marta.refresh_from_db()
    assert marta.erased_at is None
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
def test_without_a_reason_nobody_is_erased(integration: Any, reason: str) -> None:
    ada = make(Customer, name="Ada Lovelace")
    with pytest.raises(ValidationError) as refused:
        erase_person(customer=ada, by=integration, reason=reason)
    assert refused.value.message_dict == {"reason": ["Give a reason that does not name the customer."]}
    assert Customer.objects.values_list("name", "erased_at").get() == ("Ada Lovelace", None)
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_certificate_is_of_one_customer_and_nobody_else_is_erased(integration: Any, place: int) -> None:
    ones = [make(Customer, name=name) for name in ("Ada Lovelace", "Bob Stone", "Cid Rivers")]
    first = erase(ones[place], integration)
    assert (first.customer, list(Erasure.objects.all())) == (ones[place].pk, [first])
    names = set(Customer.objects.filter(erased_at=None).values_list("name", flat=True))
    assert names == {one.name for one in ones} - {ones[place].name}
    for other in ones:
        erase(other, integration)
    assert (erase(ones[place], integration), Erasure.objects.count()) == (first, 3)


def test_of_several_certificates_the_latest_is_the_one_that_there_is(integration: Any) -> None:
    ada = make(Customer, name="Ada Lovelace")
    erase(ada, integration)
    make(Interaction, customer=ada, subject="Ada called again")
    second = erase(ada, integration)
    assert (erase(ada, integration), Erasure.objects.latest("at"), Erasure.objects.count()) == (second, second, 2)


def test_whose_certificate_is_lost_gets_another(integration: Any) -> None:
    ada = make(Customer, name="Ada Lovelace")
    erase(ada, integration)
    Erasure.objects.all().delete()
    again = erase(ada, integration)
    assert (again.customer, again.counts, list(Erasure.objects.all())) == (ada.pk, {}, [again])


def test_who_was_merged_meanwhile_is_not_erased_and_nobody_is_instead(integration: Any) -> None:
    ada, winner = make(Customer, name="Ada Lovelace"), make(Customer, name="Ada King")
    merge_records(winner=winner, loser=ada, by=integration)
    with pytest.raises(NotThere):
        erase(Customer(pk=ada.pk), integration)
    assert Customer.objects.values_list("name", "erased_at").get() == ("Ada King", None)
    assert not Erasure.objects.exists()


def test_who_is_told_of_by_two_names_in_two_cells_is_found(integration: User) -> None:
    isolde = make(Customer, name="", given_name="Isolde", family_name="Wagner")
    row = {"Vorname": "Isolde", "Ort": "Bonn", "Nachname": "Wagner"}
    columns = [{"name": name, "field": "", "samples": [value]} for name, value in row.items()]
    mine, other = (make(Import, user=integration, columns=columns, filename="people.csv") for _number in range(2))
    heading = b"Vorname,Ort,Nachname\n"
    ImportFile.objects.create(owner=mine, content=heading + b"Isolde,Bonn,Wagner\n")
    ImportFile.objects.create(owner=other, content=heading + b"Isolde,Bonn,Stein\nTristan,Bonn,Wagner\n")
    ImportRefusal.objects.create(owner=mine, line=2, cells=row, reasons=["Isolde"])
    erase_person(customer=isolde, by=integration, reason="Asked for it.")
    assert [bytes(ImportFile.objects.get(owner=one).content)[:7] for one in (mine, other)] == [b"", b"Vorname"]
    assert ImportRefusal.objects.get().cells == {}
    assert "Isolde" not in str(Import.objects.get(pk=mine.pk).columns)
