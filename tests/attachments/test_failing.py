"""Uploads that fail, at whatever point, leave nothing in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection, transaction

from crm.attachments.actions import attach
from crm.models import Attachment
from tests.crm.test_outages import AWAY

if TYPE_CHECKING:
    from pathlib import Path

    from customers.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)
FAILING = """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON crm_attachment {when}
    FOR EACH ROW EXECUTE FUNCTION fail()"""
FULL = "RAISE SQLSTATE '53100'"
GONE = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)"
STILL = "NOT DEFERRABLE"
LAST = "DEFERRABLE INITIALLY DEFERRED"


def files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def put(about: Customer) -> Attachment:
    return attach(about=about, name="a.txt", content=ContentFile(b"abc"), by=None)


@transaction.atomic
def put_and_fail(about: Customer, files: int) -> None:
    for _file in range(files):
        put(about)
    raise ValueError("refused")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("body", [FULL, GONE])
def test_a_row_that_cannot_be_written_leaves_no_content(send: Any, folder: Path, body: str) -> None:
    execute(FAILING.format(body=body, when=STILL))
    answer = send()
    execute("DROP FUNCTION fail() CASCADE")
    assert (answer.status_code, answer.json()["detail"]) == (503, AWAY)
    assert (files(folder), Attachment.objects.count()) == ([], 0)


def test_a_store_that_is_full_keeps_no_half_of_a_file(
    customer: Customer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FileSystemStorage._save  # type: ignore[attr-defined]  # django-stubs leave it out

    def fill(store: FileSystemStorage, name: str, content: Any) -> str:
        save(store, name, ContentFile(b"a"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", fill)
    with pytest.raises(OSError, match="No space left"):
        put(customer)
    assert (files(folder), Attachment.objects.count()) == ([], 0)


def test_all_files_of_a_message_go_where_one_is_refused(customer: Customer, folder: Path) -> None:
    with pytest.raises(ValueError, match="refused"):
        put_and_fail(customer, files=2)
    assert (files(folder), Attachment.objects.count()) == ([], 0)


def test_only_what_was_rolled_back_goes(customer: Customer, folder: Path) -> None:
    with transaction.atomic():
        kept = put(customer)
        with pytest.raises(ValueError, match="refused"):
            put_and_fail(customer, files=1)
        put(customer)
    assert {one.name for one in files(folder)} == {one.hex for one in Attachment.objects.values_list("pk", flat=True)}
    assert (len(files(folder)), Attachment.objects.filter(pk=kept.pk).count()) == (2, 1)


def test_a_later_failure_takes_nothing_away(customer: Customer, folder: Path) -> None:
    put(customer)
    with pytest.raises(ValueError, match="refused"):
        put_and_fail(customer, files=0)
    assert len(files(folder)) == 1


def test_a_rule_that_is_broken_at_the_end_leaves_no_content(customer: Customer, folder: Path) -> None:
    execute(FAILING.format(body="RAISE SQLSTATE '23514'", when=LAST))
    with pytest.raises(DatabaseError):
        put(customer)
    execute("DROP FUNCTION fail() CASCADE")
    assert (files(folder), Attachment.objects.count()) == ([], 0)


def test_content_stays_where_nobody_knows_whether_the_row_was_written(customer: Customer, folder: Path) -> None:
    """The connection broke while it was being committed: the sweep finds out later."""
    execute(FAILING.format(body=GONE, when=LAST))
    with pytest.raises(DatabaseError):
        put(customer)
    connection.close()
    execute("DROP FUNCTION fail() CASCADE")
    assert (len(files(folder)), Attachment.objects.count()) == (1, 0)
