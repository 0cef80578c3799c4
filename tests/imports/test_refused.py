"""The refused rows as files: for programs and for spreadsheets, and back again without a change."""

from __future__ import annotations

import codecs
import csv
import io
from typing import Any

import pytest

from crm.imports.refused import harmless, original, sheet, table
from crm.models import Import
from customers.models import Customer

CELLS = ["=1+1", "'=1+1", "''=1", "'plain", "+49 30 123", "+1;cmd", "-x", "@a", "\tx", "＝1", "", 'a, "b"\nc', "'"]
HEADER = ["name", "=size", "email;mail"]


def written(*rows: list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    return buffer.getvalue().encode()


@pytest.mark.parametrize("text", CELLS)
def test_what_is_made_harmless_is_the_same_again(text: str) -> None:
    assert original(harmless(text)) == text
    assert harmless(text)[:1] not in {"=", "@", "\t", "＝"}


@pytest.mark.parametrize("form", [table, sheet])
def test_refused_rows_that_come_back_have_their_values(send: Any, form: Any) -> None:
    how = {"mapping": '{"name": "name", "email;mail": "email", "=size": "description"}'}
    first = send(written(HEADER, *[[f"N{place}", cell, "none"] for place, cell in enumerate(CELLS)]), **how)
    assert first["refused"] == len(CELLS)
    content = b"".join(form(Import.objects.get(pk=first["id"])))
    second = send(content, "refused.csv", **how)
    assert [column["name"] for column in second["columns"]] == HEADER
    kept = [list(one.refusals.order_by("line").values_list("cells", flat=True)) for one in Import.objects.all()]
    assert kept[0] == kept[1]


def test_a_mended_row_is_taken_as_it_was(send: Any) -> None:
    first = send("name,email\n=1+1,nobody\n")
    content = b"".join(sheet(Import.objects.get(pk=first["id"]))).replace(b"nobody", b"ada@example.com")
    assert send(content, "refused.csv")["created"] == 1
    assert Customer.objects.get().name == "=1+1"


def test_only_the_form_for_spreadsheets_is_changed(send: Any) -> None:
    one = Import.objects.get(pk=send("name,email\n=1+1,nobody\n")["id"])
    plain, safe = b"".join(table(one)), b"".join(sheet(one))
    assert plain.startswith(b"name,email,_line,_reason\r\n=1+1,nobody,2,")
    assert safe.startswith(codecs.BOM_UTF8 + b'"name","email","_line","_reason","_harmless"\r\n')
    assert b"\n'=1+1,nobody,2," in safe
