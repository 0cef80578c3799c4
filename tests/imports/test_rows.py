"""What becomes of the rows of a file."""

from __future__ import annotations

import datetime
import io
import json
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import openpyxl
import pytest
from django.contrib.contenttypes.models import ContentType

from crm.models import CustomField
from customers.models import Customer
from tests.samples import make

if TYPE_CHECKING:
    from collections.abc import Callable

TWO = "Full name,E-mail,Phone number,Remark\nAda Lovelace,ada@example.com,+44 20 7946 0018,x\nAlan,alan@example.com,,\n"


def counts(one: Any) -> tuple[int, int, int, int]:
    return one["created"], one["updated"], one["unchanged"], one["refused"]


def test_rows_become_records_and_say_nothing_new_the_second_time(send: Any) -> None:
    first, second = send(TWO), send(TWO)
    assert (first["status"], counts(first)) == ("done", (2, 0, 0, 0))
    assert (second["status"], counts(second)) == ("done", (0, 0, 2, 0))
    ada = Customer.objects.get(name="Ada Lovelace")
    assert (ada.email, ada.phone_e164, Customer.objects.count()) == ("ada@example.com", "+442079460018", 2)


def test_columns_are_guessed_and_shown_with_samples(send: Any) -> None:
    columns = send(TWO, mode="preview")["columns"]
    assert {one["name"]: one["field"] for one in columns} == {
        "Full name": "name",
        "E-mail": "email",
        "Phone number": "phone",
        "Remark": None,
    }
    assert columns[0]["samples"] == ["Ada Lovelace", "Alan"]
    assert not Customer.objects.exists()


def test_chinese_columns_and_words_are_understood(send: Any) -> None:
    text = "名称,电子邮件,生命周期阶段\n李雷,li@example.com,客户\n"
    one = send(
        text.encode("gb18030"), mapping=json.dumps({"名称": "name", "电子邮件": "email", "生命周期阶段": "lifecycle"})
    )
    assert counts(one) == (1, 0, 0, 0)
    assert Customer.objects.values_list("name", "lifecycle").get() == ("李雷", "customer")


def test_cells_with_tags_are_lists_with_commas(send: Any) -> None:
    one = send("Name,Tags\nAda,vip; New York\nAlan,VIP，old\nCid,\n")
    assert counts(one) == (3, 0, 0, 0)
    found = dict(Customer.objects.values_list("name", "tags"))
    assert found == {"Ada": ["New York", "vip"], "Alan": ["old", "vip"], "Cid": []}


def test_a_dry_run_says_what_would_become_and_writes_nothing(send: Any) -> None:
    one = send(TWO, mode="dry_run")
    assert (one["status"], counts(one), one["is_dry_run"]) == ("done", (2, 0, 0, 0), True)
    assert not Customer.objects.exists()


def test_a_dry_run_is_followed_by_the_run(send: Any, client: Any) -> None:
    from tests.worker import do_all

    one = send(TWO, mode="dry_run")
    answer = client.post(f"/api/v1/imports/{one['id']}/start", {"mode": "run"})
    assert answer.status_code == 202, answer.content
    do_all()
    assert Customer.objects.count() == 2


def test_a_key_finds_the_record_and_empty_cells_say_nothing(send: Any, integration: Any) -> None:
    make(Customer, name="Ada", email="ada@example.com", description="kept", owner=integration)
    one = send("name,email,description\nAda Lovelace,ada@example.com,\nNew,new@example.com,\n", key="email")
    assert counts(one) == (1, 1, 0, 0)
    assert Customer.objects.get(email="ada@example.com").description == "kept"


def test_an_id_changes_and_an_unknown_one_is_refused(send: Any, integration: Any) -> None:
    ada = make(Customer, name="Ada", owner=integration)
    one = send(f"id,name\n{ada.pk},Ada Lovelace\n019a1c5e-7b3a-7c52-9d1f-3f6a2b8c4d10,Nobody\n,New\n", key="id")
    assert counts(one) == (1, 1, 0, 1)
    assert {"Ada Lovelace", "New"} == set(Customer.objects.values_list("name", flat=True))


def test_names_elsewhere_find_the_record_and_what_it_refers_to(send: Any) -> None:
    send("Customer ID,name,kind\nA1,ACME,organization\n", key="external_id", system="erp")
    one = send("number,name,organization\nP1,Ada,erp:A1\nP2,Bob,erp:none\n", key="external_id", system="erp")
    assert counts(one) == (1, 0, 0, 1)
    assert Customer.objects.get(name="Ada").organization == Customer.objects.get(name="ACME")


def test_refused_rows_are_told_with_their_lines_and_can_be_mended(send: Any, client: Any) -> None:
    one = send("name,email,lifecycle\nAda,ada@example.com,lead\n,nobody,lead\nBob,bob@example.com,fan\n")
    assert counts(one) == (1, 0, 0, 2)
    answer = client.get(f"/api/v1/imports/{one['id']}/refused")
    text = b"".join(answer.streaming_content).decode()
    rows = text.splitlines()
    assert rows[0] == "name,email,lifecycle,_line,_reason"
    assert rows[1].startswith(",nobody,lead,3,")
    assert rows[2].startswith('Bob,bob@example.com,fan,4,"lifecycle: ')
    mended = text.replace(",fan,", ",lead,")
    assert counts(send(mended)) == (1, 0, 0, 1)


def test_a_row_that_is_no_row_is_refused_and_the_others_taken(send: Any) -> None:
    lines = '{"name": "Ada"}\nnot json\n{"name": "Bob", "is_active": false}\n'
    one = send(lines, "people.jsonl")
    assert counts(one) == (2, 0, 0, 1)
    assert not Customer.objects.get(name="Bob").is_active


def test_characters_that_nothing_can_keep_do_no_harm(send: Any) -> None:
    lines = '{"name": "half \\ud800", "email": "ada@example.com"}\n{"name": "nul \\u0000"}\n"\\ud800"\n'
    one = send(lines, "people.jsonl")
    assert (counts(one), one["status"]) == ((1, 0, 0, 2), "done")
    assert Customer.objects.get().name == "half ?"


def test_a_sheet_is_read(send: Any) -> None:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.create_sheet(index=0)
    sheet.append(["Company name", "Active"])
    sheet.append(["ACME", True])
    book.save(buffer)
    one = send(buffer.getvalue(), "sheet.xlsx", mapping='{"Company name": "name", "Active": "is_active"}')
    assert counts(one) == (1, 0, 0, 0)


def test_the_feed_says_which_import_it_was(send: Any, client: Any, integration: Any) -> None:
    from tests.feed import settle

    one = send(TWO)
    settle()
    rows = client.get("/api/v1/changes").json()["results"]
    assert {(row["command"], row["request_id"], row["user"]) for row in rows} == {
        ("import", one["id"], str(integration.pk))
    }


@pytest.mark.parametrize(
    ("said", "member"),
    [
        ({"text": ""}, "file"),
        ({"text": "name\n"}, "file"),
        ({"text": "na\0me\nAda\n"}, "file"),
        ({"filename": "people.pdf"}, "file"),
        ({"filename": "broken.xlsx"}, "file"),
        ({"resource": "nothing"}, "resource"),
        ({"mapping": "[]"}, "mapping"),
        ({"mapping": '{"no such": "name"}'}, "mapping"),
        ({"mapping": '{"Full name": "no_such"}'}, "mapping"),
        ({"mapping": '{"Full name": "name", "E-mail": "name"}'}, "mapping"),
        ({"mapping": "{}"}, "mapping"),
        ({"key": "phone"}, "key"),
        ({"key": "id"}, "key"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(send: Any, client: Any, said: Any, member: str) -> None:
    problem = send(**{"text": TWO, **said}, status=422)
    assert [fault["pointer"] for fault in problem["errors"]] == [f"/{member}"]
    assert client.get("/api/v1/imports").json()["results"] == []


@pytest.mark.parametrize(("name", "value"), [("mode", "now"), ("unknown", "1"), ("key", "1"), ("system", "a b")])
def test_what_is_not_as_documented_is_refused(send: Any, name: str, value: str) -> None:
    assert [fault["pointer"] for fault in send(TWO, status=400, **{name: value})["errors"]] == [f"/{name}"]


def test_an_e_mail_address_in_other_capitals_finds_its_record(send: Any) -> None:
    text = "name,email\nAda,Ada@Example.com\nAda,ADA@example.com\n"
    assert counts(send(text, key="email")) == (1, 0, 1, 0)
    assert counts(send(text, key="email")) == (0, 0, 2, 0)
    assert Customer.objects.get().email == "ada@example.com"


def workbook(change: Callable[[bytes], bytes] = bytes) -> bytes:
    """Return a workbook of two people, with another text of its sheet."""
    book, saved, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in (["name", "email"], ["Ada", "ada@example.com"], ["Eve", "eve@example.com"]):
        book.worksheets[0].append(row)
    book.save(saved)
    with ZipFile(saved) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text) if name.endswith("sheet1.xml") else text)
    return changed.getvalue()


def test_a_sheet_is_as_large_as_its_rows_say(send: Any) -> None:
    content = workbook(lambda text: text.replace(b'ref="A1:B3"', b'ref="A1"'))
    assert content != workbook()
    assert counts(send(content, "sheet.xlsx")) == (2, 0, 0, 0)
    assert sorted(Customer.objects.values_list("email", flat=True)) == ["ada@example.com", "eve@example.com"]


@pytest.mark.parametrize("change", [lambda text: text[: len(text) // 2], lambda _text: b"<broken", lambda _text: b""])
def test_a_damaged_workbook_is_refused(send: Any, change: Callable[[bytes], bytes]) -> None:
    refused = send(workbook(change), "sheet.xlsx", status=422)
    assert [one["pointer"] for one in refused["errors"]] == ["/file"]


def test_a_day_of_a_workbook_becomes_a_date(send: Any) -> None:
    kind = ContentType.objects.get_for_model(Customer)
    CustomField.objects.create(content_type=kind, name="since", label="Since", type="date")
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0].append(["name", "since"])
    book.worksheets[0].append(["Ada", datetime.date(2026, 5, 1)])
    book.save(buffer)
    assert counts(send(buffer.getvalue(), "sheet.xlsx")) == (1, 0, 0, 0)
    assert Customer.objects.get().custom == {"since": "2026-05-01"}


def test_a_row_with_a_line_break_in_a_name_is_refused_and_others_are_taken(send: Any) -> None:
    text = 'name,description\n"Ada\nLovelace",One\nBob,"One\nTwo"\n"Cy\u2028Young",One\n'
    made = send(text)
    assert (made["created"], made["refused"]) == (1, 2)
    assert list(Customer.objects.values_list("name", "description")) == [("Bob", "One\nTwo")]
