"""Exports in the staff site."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest
from django.urls import reverse

from customers.models import Customer
from tests.samples import make
from tests.staff import PASSWORD, colleague, page, signed_in, superuser

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/customers/customer/export/"


@pytest.fixture
def client() -> Any:
    return signed_in(superuser())


def export(client: Any, query: str = "", **fields: str) -> Any:
    return client.post(f"{ADDRESS}{query}", {"form": "csv", "password": PASSWORD, **fields})


def rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_list_leads_to_the_export_with_its_filters(client: Any) -> None:
    text = client.get(page(Customer, "changelist") + "?kind__exact=person&q=ada").content.decode()
    assert f"{ADDRESS}?kind__exact=person&amp;q=ada" in text


def test_the_file_has_what_the_list_shows(client: Any) -> None:
    make(Customer, name="Ada", kind="person")
    make(Customer, name="Bob", kind="person")
    make(Customer, name="Ada & Co", kind="organization")
    query = "?kind__exact=person&q=ada"
    assert "1 of them" in client.get(ADDRESS + query).content.decode()
    answer = export(client, query)
    assert [row["name"] for row in rows(answer)] == ["Ada"]
    assert answer["Content-Disposition"].startswith('attachment; filename="customers-')


def test_it_is_said_how_many_rows_there_are_however_many(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("crm.admin.lists.MOST_COUNTED", 2)
    for _number in range(3):
        make(Customer)
    assert "3 of them" in client.get(ADDRESS).content.decode()


def test_each_form_has_every_row(client: Any) -> None:
    names = {make(Customer).name for _number in range(3)}
    assert {row["name"] for row in rows(export(client, form="sheet"))} == names
    lines = b"".join(export(client, form="jsonl").streaming_content).splitlines()
    assert {orjson.loads(line)["name"] for line in lines} == names


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+x", "-cmd", "＝1", "\t=1", "\n=1"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(client: Any, name: str) -> None:
    make(Customer, name=name, phone="+49 30 (123) 45", tax_id="-5")
    (row,) = rows(export(client, form="sheet"))
    assert (row["name"], row["phone"], row["tax_id"]) == (f"'{name}", "+49 30 (123) 45", "-5")
    assert rows(export(client))[0]["name"] == name


def test_the_password_is_asked_for_once_in_a_while(client: Any, settings: Any) -> None:
    for wrong in ("", "wrong"):
        assert "errorlist" in export(client, password=wrong).content.decode()
    assert export(client).streaming
    assert "password" not in client.get(ADDRESS).context["form"].fields
    assert export(client, password="").streaming
    settings.CONFIRMATION_MINUTES = 0
    assert "errorlist" in export(client, password="").content.decode()


def test_too_many_wrong_passwords_lock_the_account(client: Any) -> None:
    codes = [export(client, password="wrong").status_code for _time in range(6)]
    assert codes[0] == 200
    assert codes[-1] == 429
    assert export(client).status_code == 429


def test_nobody_exports_what_they_do_not_see() -> None:
    user = colleague("Sales representative")
    mine = make(Customer, owner=user)
    make(Customer, owner=superuser())
    client = signed_in(user)
    assert [row["name"] for row in rows(export(client))] == [mine.name]
    assert export(signed_in(colleague())).status_code == 403


def test_every_kind_of_record_can_be_exported(client: Any) -> None:
    for address in ("customers_address", "customers_interaction"):
        answer = client.post(reverse(f"admin:{address}_export_list"), {"form": "sheet", "password": PASSWORD})
        assert rows(answer) == []
