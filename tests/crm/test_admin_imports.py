"""Imports in the staff site."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from crm.models import Import
from customers.models import Customer
from tests.staff import colleague, page, signed_in, superuser
from tests.worker import do_all, no_jobs

__all__ = ["no_jobs"]
pytestmark = pytest.mark.django_db(transaction=True)
ROWS = "Full name,E-mail\nAda,ada@example.com\n,nobody\n"
COLUMNS = {"column0": "name", "column1": "email", "key": "", "system": ""}


@pytest.fixture(autouse=True)
def clean_queue(no_jobs: None) -> None:
    """Begin without jobs."""


@pytest.fixture
def client() -> Any:
    return signed_in(superuser())


def upload(client: Any, text: str = ROWS, name: str = "people.csv") -> Any:
    body = {"resource": "customers", "file": SimpleUploadedFile(name, text.encode())}
    return client.post(page(Import, "add"), body, follow=True)


def press(client: Any, button: str, **fields: str) -> str:
    form = {**COLUMNS, button: "1", **fields}
    return str(client.post(page(Import.objects.get(), "change"), form, follow=True).content.decode())


def test_a_list_leads_to_the_upload(client: Any) -> None:
    answer = client.get(reverse("admin:customers_customer_import_file"))
    assert answer.url == f"{page(Import, 'add')}?resource=customers"
    assert '<option value="customers" selected>' in client.get(answer.url).content.decode()


def test_columns_are_guessed_and_shown_with_their_first_values(client: Any) -> None:
    text = upload(client).content.decode()
    assert '<option value="name" selected>' in text
    assert '<option value="email" selected>' in text
    assert "ada@example.com" in text


def test_a_dry_run_is_shown_and_then_the_import(client: Any) -> None:
    upload(client)
    assert "data-progress" in press(client, "dry_run")
    do_all()
    text = client.get(page(Import.objects.get(), "change")).content.decode()
    assert ("dry run" in text, Customer.objects.count()) == (True, 0)
    press(client, "run")
    do_all()
    assert Customer.objects.get().email == "ada@example.com"


def test_progress_and_refused_rows_are_answered(client: Any) -> None:
    upload(client)
    press(client, "run")
    key = Import.objects.get().pk
    assert client.get(reverse("admin:crm_import_progress", args=[key])).json()["is_going"]
    do_all()
    state = client.get(reverse("admin:crm_import_progress", args=[key])).json()
    assert (state["is_going"], state["percent"], state["created"], state["refused"]) == (False, 100, 1, 1)
    rows = b"".join(client.get(reverse("admin:crm_import_refused", args=[key])).streaming_content)
    assert rows.splitlines()[1].startswith(b",nobody,3,")


def test_an_import_is_cancelled(client: Any) -> None:
    upload(client)
    press(client, "run")
    press(client, "cancel")
    do_all()
    assert (Import.objects.get().status, Customer.objects.count()) == ("cancelled", 0)
    assert "It is not running." in press(client, "cancel")


@pytest.mark.parametrize("fields", [{"column0": "email"}, {"column0": "", "column1": ""}, {"key": "id"}])
def test_what_makes_no_sense_is_said_and_nothing_begun(client: Any, fields: dict[str, str]) -> None:
    upload(client)
    text = press(client, "run", **fields)
    assert ("olumn" in text, Import.objects.get().status) == (True, "draft")


@pytest.mark.parametrize(("text", "name"), [("name\n", "a.csv"), ("x", "a.pdf"), ("x", "a.xlsx")])
def test_a_file_that_cannot_be_read_is_refused(client: Any, text: str, name: str) -> None:
    assert "errorlist" in upload(client, text, name).content.decode()
    assert not Import.objects.exists()


def test_others_neither_see_nor_start_an_import(client: Any) -> None:
    upload(client)
    one, other = Import.objects.get(), signed_in(colleague("Sales manager"))
    assert other.post(page(one, "change"), {**COLUMNS, "run": "1"}).status_code == 404
    assert other.get(reverse("admin:crm_import_refused", args=[one.pk])).status_code == 404
    assert "people.csv" not in other.get(page(Import, "changelist")).content.decode()


def test_who_may_add_nothing_may_not_import() -> None:
    auditor = signed_in(colleague("Auditor"))
    assert auditor.get(page(Import, "add")).status_code == 403
    assert auditor.get(page(Import, "changelist")).status_code == 403
