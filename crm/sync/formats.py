"""Files of rows: CSV, JSON Lines and XLSX, read as a stream."""

from __future__ import annotations

import codecs
import csv
import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.utils.translation import gettext as _

from crm.sync.mapping import MappingRefused

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from pathlib import Path

SAMPLE: Final = 1 << 18
BLOCK: Final = 1 << 20
LONGEST_CELL: Final = 10 << 20
LONGEST_ROW: Final = 16 << 20
DELIMITERS: Final = ",;\t|"
QUOTED: Final = re.compile(r'"[^"]*"')
# What ERPs write besides UTF-8; where several fit a text alike, the first of them is meant.
ENCODINGS: Final = (
    "utf_16", "cp1252", "gb18030", "big5", "cp932", "cp949", "euc_jp", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257",
)  # fmt: skip


class Columns(Protocol):
    """What is known of a file's columns before it is read: those that each row has, and how the file is written."""

    @property
    def columns(self) -> set[str]: ...

    @property
    def options(self) -> Mapping[str, Any]: ...

    def unknown(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that nothing is known of."""
        ...

    def check_columns(self, columns: list[str]) -> None:
        """Raise MappingRefused for a header that makes no sense."""
        ...


class FileUnreadable(Exception):
    """A file that cannot be read as what its name says; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file: its first line, and its text by column, or what is wrong with it."""

    number: int
    values: dict[str, str]
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file is: the digest of its content, its length in lines, and whether it is valid UTF-8."""

    digest: str
    lines: int
    is_utf8: bool


def inspect(path: Path) -> Inspection:
    """Read the file once, in constant memory."""
    digest, lines, decoder = hashlib.sha256(), 0, codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
    return Inspection(digest.hexdigest(), lines, is_utf8)


def read(path: Path, inspection: Inspection, resource: Columns) -> Generator[Line]:
    """Yield the rows of the file; raise FileUnreadable where it, or its set of columns, makes no sense."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FileUnreadable(_("Not a kind of file that is read here."))
    try:
        yield from reader(path, inspection, resource)
    except MappingRefused as error:
        raise FileUnreadable(str(error)) from error
    except (UnicodeDecodeError, LookupError, csv.Error, OSError) as error:
        raise FileUnreadable(str(error)) from error


def encoding_of(path: Path, inspection: Inspection, declared: str) -> str:
    """Return the encoding: as declared, else UTF-8 where it is valid, else the most likely one."""
    if declared or inspection.is_utf8:
        name = codecs.lookup(declared or "utf-8").name
        return "utf-8-sig" if name == "utf-8" else name
    import charset_normalizer

    with path.open("rb") as file:
        found = charset_normalizer.from_bytes(file.read(SAMPLE), cp_isolation=list(ENCODINGS))
    if not found:
        raise FileUnreadable(_("The encoding cannot be told; declare it in the mapping."))
    best = min(found, key=lambda one: (round(one.chaos, 2), -round(one.coherence, 2), ENCODINGS.index(one.encoding)))
    return best.encoding


def is_guessed(path: Path, inspection: Inspection, resource: Columns) -> bool:
    """Return whether the encoding of the file is nothing more than likely."""
    is_text = path.suffix.lower() in READERS and path.suffix.lower() != ".xlsx"
    return is_text and not (inspection.is_utf8 or resource.options.get("encoding"))


def read_csv(path: Path, inspection: Inspection, resource: Columns) -> Iterator[Line]:
    encoding = encoding_of(path, inspection, resource.options.get("encoding", ""))
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = resource.options.get("delimiter") or _delimiter(file)
        lines = Lines(file)
        rows = csv.reader(lines, delimiter=delimiter)
        numbered = _numbered(rows, lambda: rows.line_num, lines)
        yield from _table(numbered, resource)


def read_json_lines(path: Path, inspection: Inspection, resource: Columns) -> Iterator[Line]:
    encoding = encoding_of(path, inspection, resource.options.get("encoding", ""))
    with path.open(encoding=encoding) as file:
        lines = Lines(file)
        for number, line in enumerate(lines, start=1):
            lines.row_ended()
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Line(number, {}, line.strip(), str(error))
                continue
            yield _object(number, values, line.strip(), resource)


def read_xlsx(path: Path, inspection: Inspection, resource: Columns) -> Iterator[Line]:
    from crm.sync import workbooks

    with workbooks.sheet(path, resource.options.get("sheet")) as found:
        rows = ([text_of(cell) for cell in row] for row in workbooks.rows(found))
        yield from _table(enumerate(rows, start=1), resource, is_ragged=True)


READERS: Final[dict[str, Callable[[Path, Inspection, Columns], Iterator[Line]]]] = {
    ".csv": read_csv,
    ".txt": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".xlsx": read_xlsx,
}


def text_of(value: Any) -> str:
    """Return a cell or a JSON value as the text that a CSV file would have."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _delimiter(file: io.TextIOWrapper) -> str:
    """Return what separates the columns of the first line, and go back to the start."""
    header = file.readline(SAMPLE)
    file.seek(0)
    return max(DELIMITERS, key=QUOTED.sub("", header).count)


class Lines:
    """The lines of a text, of which no row takes more than anybody needs."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        """Stand where the file stands."""
        self.file, self.length = file, 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines; raise FileUnreadable where the row does not end in time."""
        while line := self.file.readline(LONGEST_ROW + 1):
            self.length += len(line)
            if self.length > LONGEST_ROW:
                raise FileUnreadable(_("A row is too long to be read."))
            yield line

    def row_ended(self) -> None:
        """Take what comes for another row."""
        self.length = 0


def _numbered(rows: Iterable[list[str]], line: Callable[[], int], lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with the line that it begins on."""
    first = 1
    for row in rows:
        lines.row_ended()
        yield first, row
        first = line() + 1


def _table(rows: Iterator[tuple[int, list[str]]], resource: Columns, *, is_ragged: bool = False) -> Iterator[Line]:
    """Yield the rows under a header; a row with another number of cells is none, but where sheets are `is_ragged`."""
    header = _header(next((row for _number, row in rows if any(row)), []))
    resource.check_columns(header)
    for number, cells in rows:
        if not any(cells):
            continue
        row = cells
        if is_ragged:
            row += [""] * (len(header) - len(row))
        if not any(row[len(header) :]):
            row = row[: len(header)]
        if len(row) == len(header):
            yield Line(number, dict(zip(header, row, strict=True)))
        else:
            reason = _("The row has %(cells)d cells, the header has %(columns)d.")
            yield Line(number, {}, json.dumps(row), reason % {"cells": len(row), "columns": len(header)})


def _header(cells: list[str]) -> list[str]:
    """Return the names of the columns; the second of a name twice used is NAME.2."""
    names: list[str] = []
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    for cell in (cell.strip() for cell in cells):
        count = sum(name == cell or name.rpartition(".")[0] == cell for name in names)
        names.append(f"{cell}.{count + 1}" if count else cell)
    return names


def _object(number: int, values: Any, text: str, resource: Columns) -> Line:
    """Return the row in a line of JSON; a column that it leaves out is empty."""
    if not isinstance(values, dict):
        return Line(number, {}, text, _("The line is not a JSON object."))
    unknown = resource.unknown(values)
    if unknown:
        reason = _("Neither mapped nor listed under ignore: %(columns)s.")
        return Line(number, {}, text, reason % {"columns": ", ".join(sorted(unknown))})
    return Line(
        number,
        {name: text_of(values.get(name)) for name in resource.columns}
        | {name: text_of(value) for name, value in values.items()},
    )
