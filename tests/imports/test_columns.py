"""Which columns a file has, wherever they first appear, and how long it is."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from django.contrib.contenttypes.models import ContentType

from crm.models import CustomField, Import, ImportRefusal
from customers.models import Customer
from tests.imports.test_rows import counts, workbook
from tests.samples import make

CUSTOM = {"color": "choice", "hobbies": "choices", "size": "number", "since": "date", "is_big": "boolean"}
VALUES = {"color": "red", "hobbies": ["chess", "go, or shogi"], "size": 4.5, "since": "2026-05-01", "is_big": True}
CHOICES = {"color": ["red", "blue"], "hobbies": ["chess", "go, or shogi"]}


def columns(one: Any) -> dict[str, Any]:
    return {column["name"]: column["field"] for column in one["columns"]}


def people(count: int, *last: dict[str, Any]) -> str:
    rows = [{"name": f"Person {number}"} for number in range(count)]
    return "".join(json.dumps(row) + "\n" for row in [*rows, *last])


def test_a_column_that_first_appears_late_is_known_and_taken(send: Any) -> None:
    one = send(people(200, {"name": "Ada", "email": "ada@example.com", "remark": "x"}), "people.jsonl")
    assert (columns(one), counts(one)) == ({"name": "name", "email": "email", "remark": None}, (201, 0, 0, 0))
    assert [column["samples"] for column in one["columns"]][1:] == [["ada@example.com"], ["x"]]
    assert Customer.objects.get(name="Ada").email == "ada@example.com"


def test_the_mapping_may_name_it(send: Any) -> None:
    text = people(20, {"name": "Ada", "how to write": "ada@example.com"})
    one = send(text, "people.jsonl", mapping=json.dumps({"name": "name", "how to write": "email"}))
    assert counts(one) == (21, 0, 0, 0)
    assert Customer.objects.get(name="Ada").email == "ada@example.com"


def test_more_columns_than_can_be_shown_are_refused_wherever_they_are(send: Any) -> None:
    problem = send(people(20, {f"c{number}": "" for number in range(2000)}), "people.jsonl", status=422)
    assert [fault["pointer"] for fault in problem["errors"]] == ["/file"]
    assert not Import.objects.exists()


@pytest.fixture
def customer(integration: Any) -> Customer:
    """A customer with everything that an export writes."""
    kind = ContentType.objects.get_for_model(Customer)
    for name, form in CUSTOM.items():
        CustomField.objects.create(content_type=kind, name=name, label=name, type=form, choices=CHOICES.get(name, []))
    made: Customer = make(
        Customer, owner=integration, name='=Ada, "A"', description="two\nlines", tags=["New York", "vip"], custom=VALUES
    )
    return made


def exported(client: Any, ending: str) -> bytes:
    answer = client.get(f"/api/v1/customers/export?format={'jsonl' if ending == 'jsonl' else 'csv'}")
    content = b"".join(answer.streaming_content)
    if ending != "xlsx":
        return content
    book, saved = openpyxl.Workbook(), io.BytesIO()
    for row in csv.reader(io.StringIO(content.decode(), newline="")):
        book.worksheets[0].append(row)
    for cells in book.worksheets[0].iter_rows():
        for cell in cells:
            cell.data_type = "s"
    book.save(saved)
    return saved.getvalue()


def said(client: Any) -> dict[str, Any]:
    """Return all that the only customer says, but for what each record has of its own."""
    (row,) = client.get("/api/v1/customers").json()["results"]
    own = ("id", "created_at", "updated_at", "external_references")
    return {name: value for name, value in row.items() if name not in own}


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx"])
def test_what_an_export_writes_is_imported_again(send: Any, client: Any, customer: Any, ending: str) -> None:
    before, content = said(client), exported(client, ending)
    assert before["custom"] == VALUES
    customer.delete()
    one = send(content, f"all.{ending}")
    assert counts(one) == (1, 0, 0, 0), [row.reasons for row in ImportRefusal.objects.all()]
    assert said(client) == before


@pytest.mark.parametrize("ending", ["jsonl", "csv", "xlsx"])
def test_what_an_export_writes_changes_its_records_back(send: Any, client: Any, customer: Any, ending: str) -> None:
    before, content = said(client), exported(client, ending)
    other = {**VALUES, "hobbies": ["chess"], "color": "blue", "size": 1}
    Customer.objects.update(name="Eve", tags=[], custom=other, description="")
    assert counts(send(content, f"all.{ending}", key="id")) == (0, 1, 0, 0)
    assert said(client) == before
    assert counts(send(content, f"all.{ending}", key="id")) == (0, 0, 1, 0)


def test_a_workbook_is_as_long_as_its_last_row(send: Any) -> None:
    assert send(workbook(), "sheet.xlsx")["lines"] == 3
    without_numbers = workbook(lambda text: text.replace(b' r="', b' q="').replace(b"<row q", b"<row s"))
    assert send(without_numbers, "sheet.xlsx", mode="preview")["lines"] == 3


def test_a_file_whose_first_rows_are_none_is_read_beyond_them(send: Any) -> None:
    one = send("name,email\n" + "short\n" * 9 + "Ada,ada@example.com\n")
    assert (columns(one), counts(one)) == ({"name": "name", "email": "email"}, (1, 0, 0, 9))


def test_the_largest_size_of_an_unpacked_workbook_is_a_setting(send: Any, settings: Any) -> None:
    assert settings.MAX_WORKBOOK_BYTES == 256 * 1024 * 1024
    settings.MAX_WORKBOOK_BYTES = 1000
    assert "too large" in send(workbook(), "sheet.xlsx", status=422)["errors"][0]["detail"]
    assert not Import.objects.exists()


def test_an_error_of_ours_is_not_taken_for_a_damaged_workbook(send: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("crm.sync.formats.text_of", None)
    with pytest.raises(TypeError):
        send(workbook(), "sheet.xlsx")
