"""The folder of files, whatever is in it."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING

import openpyxl
import pytest

from crm.models import SyncCheckpoint, SyncRefusal, SyncRun
from crm.sync.mapping import load
from crm.sync.rows import Mark, Problem, SourceRow
from crm.sync.sources.files import Connector
from customers.models import Customer

if TYPE_CHECKING:
    from tests.sync.conftest import Erp

pytestmark = pytest.mark.django_db
HEAD = "No,Name,Phone,Country\n"


def names() -> list[str]:
    return sorted(Customer.objects.values_list("name", flat=True))


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (HEAD.encode() + "1,Müller,,Österreich\n".encode(), ""),
        ("\ufeff".encode() + HEAD.encode() + "1,Müller,,Österreich\n".encode(), ""),
        ((HEAD + "1,Müller,,Österreich\n").encode("utf-16"), 'encoding = "utf-16"'),
        ((HEAD + "1,Müller,,Österreich\n").encode("latin-1"), 'encoding = "latin-1"'),
        ("No;Name;Phone;Country\r\n1;Müller;;Österreich\r\n".encode("cp1252"), ""),
        ("No\tName\tPhone\tCountry\n1\tMüller\t\tÖsterreich\n".encode(), ""),
        ('\n"No","Name","Phone","Country",\n"1","Müller","","Österreich",\n'.encode(), ""),
    ],
)
def test_csv_is_read_in_any_encoding_and_with_any_usual_delimiter(erp: Erp, content: bytes, options: str) -> None:
    erp.map(options=options)
    erp.drop(content)
    assert erp.pull() == 0, erp.err
    assert Customer.objects.values_list("name", "country").get() == ("Müller", "AT")


def test_json_lines_are_read_and_a_column_left_out_is_empty(erp: Erp) -> None:
    erp.drop('{"No": 1, "Name": "Alpha", "Phone": 30.0}\n\n{"No": 2, "Name": true}\n', "a.jsonl")
    assert erp.pull() == 0
    assert list(Customer.objects.order_by("name").values_list("name", "phone")) == [("Alpha", "30"), ("true", "")]


def test_a_line_that_is_no_json_object_is_kept_as_it_is(erp: Erp) -> None:
    erp.drop('{"No": 1\n[1]\n{"No": 2, "Name": "Beta", "Extra": 1}\n{"No": 3, "Name": "Gamma"}\n', "a.jsonl")
    assert erp.counts() == {"read": 4, "created": 1, "refused": 3}
    kept = SyncRefusal.objects.order_by("position").values_list("position", "input")
    assert list(kept) == [
        ("a.jsonl:1", '{"No": 1'), ("a.jsonl:2", "[1]"), ("a.jsonl:3", '{"No": 2, "Name": "Beta", "Extra": 1}'),
    ]  # fmt: skip


def test_a_sheet_is_read_with_its_numbers_and_dates_as_text(erp: Erp) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["No", "Name", "Phone", "Country"])
    sheet.append([7.0, datetime.date(2026, 1, 31), None, "Italia"])
    sheet.append([8, "Short"])
    path = erp.folder / "a.xlsx"
    book.save(path)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert erp.pull() == 0, erp.err
    assert names() == ["2026-01-31T00:00:00", "Short"]
    assert Customer.objects.known_as("erp", "7").get().country == "IT"


def test_a_row_with_another_number_of_cells_is_refused(erp: Erp) -> None:
    erp.drop(HEAD + '1,"Two\nlines",,Germany\n2,Beta\n3,Gamma,,France,more\n4,Delta,,France\n')
    assert erp.counts() == {"read": 4, "created": 1, "refused": 3}
    lines, *others = SyncRefusal.objects.order_by("position")
    assert [one.position for one in others] == ["a.csv:4", "a.csv:5"]
    assert lines.input == {"No": "1", "Name": "Two\nlines", "Phone": "", "Country": "Germany"}
    assert names() == ["Delta"]


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", ".a.csv"])
def test_a_file_that_is_being_written_is_left_alone(erp: Erp, name: str) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n", name)
    assert erp.pull() == 0
    assert f"{name} is left alone" in erp.err
    assert (erp.folder / name).exists()
    assert names() == []


def test_a_file_that_changed_a_moment_ago_is_left_alone_until_it_settles(erp: Erp) -> None:
    path = erp.drop(HEAD + "1,Alpha,,Germany\n")
    os.utime(path)
    erp.pull()
    assert (path.exists(), names()) == (True, [])
    erp.map(options="settle_seconds = 0")
    erp.pull()
    assert (path.exists(), names()) == (False, ["Alpha"])


def test_a_file_that_was_read_moves_aside(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    assert [path.name for path in erp.folder.iterdir()] == ["done"]
    assert [path.name[-6:] for path in (erp.folder / "done").iterdir()] == ["-a.csv"]
    assert erp.counts() == {}
    assert SyncRun.objects.filter(status="done").count() == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"No,Name,Phone,Country,Fax,Zip\n", "neither mapped nor listed under ignore: Fax, Zip"),
        ("a.csv", b"No,Name\n", "mapped columns are missing: Country, Phone"),
        ("a.csv", b"", "mapped columns are missing"),
        ("a.xlsx", b"no sheet", "File is not a zip file"),
        ("a.pdf", b"%PDF", "Not a kind of file that is read here."),
    ],
)
def test_a_file_that_makes_no_sense_moves_to_failed(erp: Erp, name: str, content: bytes, reason: str) -> None:
    erp.drop(content, name)
    erp.drop(HEAD + "1,Alpha,,Germany\n", "b.csv")
    assert erp.pull() == 1
    assert reason in SyncRun.objects.get().error
    assert [path.name.endswith(name) for path in (erp.folder / "failed").iterdir()] == [True]
    assert names() == ["Alpha"]


def test_bytes_that_are_not_in_the_declared_encoding_fail_the_file(erp: Erp) -> None:
    erp.map(options='encoding = "utf-8"')
    erp.drop(HEAD.encode() + b"1,M\xfcller,,Germany\n")
    assert erp.pull() == 1
    assert SyncRun.objects.get().status == "failed"


def test_columns_of_one_name_are_told_apart(erp: Erp) -> None:
    erp.map(resource='ignore = ["Name.2"]')
    erp.drop("No,Name,Phone,Country,Name\n1,Alpha,,Germany,Beta\n")
    assert erp.pull() == 0, erp.err
    assert names() == ["Alpha"]


def test_files_are_read_in_the_order_of_their_names(erp: Erp) -> None:
    erp.drop(HEAD + "1,Second,,Germany\n", "b.csv")
    erp.drop(HEAD + "1,First,,Germany\n", "a.csv")
    assert erp.counts() == {"read": 2, "created": 1, "updated": 1}
    assert names() == ["Second"]


def test_a_run_goes_on_after_the_line_of_the_checkpoint(erp: Erp) -> None:
    erp.map(options='done = "keep"')
    erp.drop(HEAD + "1,Alpha,,Germany\n2,Beta,,Germany\n")
    erp.pull()
    checkpoint = SyncCheckpoint.objects.get()
    place = {name: checkpoint.position[name] for name in ("file", "digest", "earlier")}
    SyncCheckpoint.objects.update(position=place | {"line": 2})
    assert erp.counts() == {"read": 1, "unchanged": 1}
    SyncCheckpoint.objects.update(position=place | {"line": 2})
    assert erp.counts("--full") == {"read": 2, "unchanged": 2}
    SyncCheckpoint.objects.update(position=place | {"line": 2, "digest": "of another content"})
    assert erp.counts() == {"read": 2, "unchanged": 2}


def test_a_file_that_was_committed_but_not_moved_is_only_moved(erp: Erp) -> None:
    erp.drop(HEAD + "1,Alpha,,Germany\n")
    erp.pull()
    position = SyncCheckpoint.objects.get().position
    SyncCheckpoint.objects.update(position={name: position[name] for name in position if name != "is_aside"})
    path = erp.drop(HEAD + "1,Alpha,,Germany\n")
    assert erp.counts() == {}
    assert not path.exists()


def test_a_file_that_changes_while_it_is_read_stays_for_the_next_run(erp: Erp) -> None:
    path = erp.drop(HEAD + "1,Alpha,,Germany\n")
    resource = load(erp.path).resources["customers"]
    items = Connector(resource, {"folder": str(erp.folder)}, is_preview=False).read({})
    assert isinstance(next(items), SourceRow)
    path.write_text(HEAD + "1,Alpha,,Germany\n2,Beta,,Germany\n")
    *_rest, mark, problem = items
    assert mark == Mark({})
    assert problem == Problem("a.csv changed while it was read; the next run reads it.", is_failure=True)
    assert path.exists()
