"""Files of rows that are made to hurt: each is refused with the reason, and costs no more than its share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from crm.models import Import
from crm.sync import workbooks
from tests.bombs import BOOK, SHEET, STYLES, TEXTS, crowded, damaged, lying, packed, peak_of, workbook

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MANY = 3 << 20
ROW, DATA, END = b"</row>", b"<sheetData>", b"</sst>"
BOMBS = {
    "one row": workbook(SHEET, ROW, b"<c/>" * MANY + ROW),
    "beside rows": workbook(SHEET, DATA, b"<a/>" * MANY + DATA),
    "rows in rows": workbook(SHEET, DATA, DATA + b"<row>" * 200),
    "attributes": workbook(SHEET, DATA, b"<a " + b'a=""' * MANY + b"/>" + DATA),
    "depth": workbook(SHEET, DATA, b"<a>" * MANY + DATA),
    "texts": workbook(TEXTS, END, b"<si/>" * MANY + END),
    "runs of a text": workbook(TEXTS, END, b"<si>" + b"<r/>" * MANY + b"</si></sst>"),
    "styles": workbook(STYLES, b"</cellXfs>", b"<xf/>" * (1 << 18) + b"</cellXfs>"),
    "sheets": workbook(BOOK, b"</workbook>", b"<a/>" * MANY + b"</workbook>"),
    "entities": workbook(SHEET, b"<worksheet", b'<!DOCTYPE a [<!ENTITY a "&b;&b;"><!ENTITY b "bb">]><worksheet'),
    "far column": workbook(SHEET, b'r="B2"', b'r="ZZZZZZ2"'),
    "lying": lying("[Content_Types].xml", says=500),
    "damaged": damaged("[Content_Types].xml"),
    "crowded": crowded(60_000),
    "no workbook": packed(("a", b"hello")),
}
READ = """
import tempfile, pathlib
from crm.imports import files
from crm.sync.formats import FileUnreadable
for one in contents:
    try:
        with files.on_disk("a.xlsx", one) as upload:
            upload.columns()
            sum(1 for row in upload.rows())
    except FileUnreadable:
        continue
    raise AssertionError(contents.index(one))
"""


def test_an_honest_workbook_is_read(send: Any) -> None:
    one = send(workbook(), "a.xlsx", mapping='{"Name": "name", "Age": null}')
    assert (one["status"], one["created"], one["refused"]) == ("done", 1, 0)


@pytest.mark.parametrize("name", BOMBS)
def test_a_workbook_that_is_made_to_hurt_is_refused(send: Any, name: str) -> None:
    answer = send(BOMBS[name], "a.xlsx", status=422)
    assert [fault["pointer"] for fault in answer["errors"]] == ["/file"]
    assert not Import.objects.exists()


def test_no_workbook_takes_more_memory_than_its_share() -> None:
    assert peak_of(READ, *BOMBS.values()) < 320 << 20


def test_a_row_far_below_costs_no_row_for_each_in_between() -> None:
    code = READ.replace("raise AssertionError(contents.index(one))", "")
    assert peak_of(code, workbook(SHEET, b'<row r="2"', b'<row r="999999999999"')) < 32 << 20


@pytest.mark.parametrize("text", ["name\n" + "x" * (17 << 20), 'name,email\n"' + "a\n" * (9 << 20), "x," * (9 << 20)])
def test_a_row_without_end_is_refused(send: Any, text: str) -> None:
    answer = send(text, status=422)
    assert [fault["pointer"] for fault in answer["errors"]] == ["/file"]
    assert not Import.objects.exists()


@pytest.mark.parametrize("custom", ["[" * 100_000, '{"a":' * 50_000, "1" * 5000])
def test_custom_fields_that_are_nested_without_end_are_a_text(send: Any, custom: str) -> None:
    one = send(f'name;custom\nAda;"{custom.replace(chr(34), chr(34) * 2)}"\n')
    assert (one["status"], one["created"], one["refused"]) == ("done", 1, 0)


def test_rows_that_never_end_are_counted_in_the_time_of_others(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(workbook(SHEET, DATA, DATA + b"<row " * (1 << 20)))
    began = time.thread_time()
    assert workbooks.length(file) == 2
    assert time.thread_time() - began < 5
