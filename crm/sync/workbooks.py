"""Workbooks (XLSX), read row by row; what a damaged one makes of openpyxl is told as such, errors of ours are not.

openpyxl keeps what it has read of a part until a row, or a shared text, ends: where none ends, that is all of it.
"""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Final, cast
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from zipfile import BadZipFile

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.archives import Archive, ArchiveUnreadable, opened
from crm.sync.formats import BLOCK, FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROW: Final = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^<>]*)>")
ROW_NUMBER: Final = re.compile(rb"\sr=[\"'](\d{1,7})[\"']")
LONGEST_TAG: Final = 10_000
LAST_ROW: Final = 1 << 20  # of any sheet
MOST_HELD: Final = 128 << 20  # bytes of memory, about, that what is not done with may take
ELEMENT, ATTRIBUTE, OBJECT = 110, 100, 2000  # what one takes, about; an object is made of each in the smaller parts
LONGEST_PART: Final = 16 << 20  # of the smaller parts, which are read whole
LONGEST_GAP: Final = 1 << 20  # between two ends of tags: a cell has at most 32,767 characters
DEEPEST: Final = 100
LINE, TEXT = "row", "si"  # what is done with when it ends
TOO_LARGE: Final = gettext_lazy("The workbook is too large when it is unpacked.")
# What openpyxl lets through of a damaged workbook: its parser stumbles over whatever is not there. Only calls of it are
# guarded so, none of ours.
BROKEN: Final = (
    BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, ParseError, zlib.error,
    OverflowError, NotImplementedError, RuntimeError, SyntaxError,
)  # fmt: skip


class Measured:
    """A part of a workbook, measured as it is read by what its reader will hold of it."""

    def __init__(self, part: Any, unit: str, element: int = ELEMENT) -> None:
        """Measure a part whose reader lets go of each `unit`, such as a row, when it ends."""
        self.part, self.unit, self.element = part, unit, element
        self.held = self.within = self.units = self.depth = self.gap = 0
        self.parser = expat.ParserCreate(namespace_separator=":")
        self.parser.StartElementHandler = self.begin
        self.parser.EndElementHandler = self.end

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raise FileUnreadable where too much would be held by now."""
        found = cast("bytes", self.part.read(size))
        closed = found.rfind(b">")
        self.gap = len(found) - closed if closed >= 0 else self.gap + len(found)
        if self.gap > LONGEST_GAP:
            raise FileUnreadable(TOO_LARGE)
        with suppress(expat.ExpatError):  # its reader says so too, and better
            self.parser.Parse(found)
        if self.unit == TEXT:
            self.held += len(found)
        else:
            self.within += len(found)
        self.refuse_too_much()
        return found

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        self.within += self.element + ATTRIBUTE * len(attributes)
        self.units += name.rpartition(":")[2] == self.unit
        self.depth += 1
        self.refuse_too_much()

    def end(self, name: str) -> None:
        """Count a unit as done with: an empty element of it stays."""
        self.depth -= 1
        if name.rpartition(":")[2] == self.unit:
            self.units -= 1
            if self.units == 0:
                self.held += self.element
                self.within = 0

    def refuse_too_much(self) -> None:
        """Raise FileUnreadable where too much is held, or elements stand too deep in one another."""
        if self.held + self.within > MOST_HELD or self.depth > DEEPEST:
            raise FileUnreadable(TOO_LARGE)

    def __enter__(self) -> Measured:
        return self

    def __exit__(self, *_error: object) -> None:
        self.part.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.part, name)


class Parts(Archive):
    """The archive that a workbook is."""

    unit = LINE

    def open(self, *arguments: Any, **options: Any) -> Any:
        """Return a part that is measured."""
        return Measured(self.unmeasured(*arguments, **options), self.unit)

    def read(self, name: Any, pwd: bytes | None = None) -> bytes:
        """Return one of the smaller parts, of which objects are made."""
        part = Measured(self.unmeasured(name), "", OBJECT)
        if self.getinfo(getattr(name, "filename", name)).file_size > LONGEST_PART:
            raise FileUnreadable(TOO_LARGE)
        with part:
            return b"".join(iter(lambda: part.read(BLOCK), b""))

    def unmeasured(self, *arguments: Any, **options: Any) -> IO[bytes]:
        """Return a part as it is."""
        return super().open(*arguments, **options)


def length(path: Path) -> int:
    """Return the number of the last row of the first sheet, told from its text: that is quick, and needs no memory."""
    count, rest = 0, b""
    with sheet(path, None) as found, readable(), found.parent._archive.unmeasured(found._worksheet_path) as file:
        while block := file.read(BLOCK):
            text = rest + block
            for row in ROW.finditer(text):
                number = ROW_NUMBER.search(row[1])
                count = int(number[1]) if number else count + 1
            begun = text.rfind(b"<", max(text.rfind(b">"), len(text) - LONGEST_TAG, 0))
            rest = text[begun:] if begun >= 0 else b""
    return count


@contextmanager
def sheet(path: Path, name: str | None) -> Iterator[Any]:
    """Open a sheet of a workbook, the first unless it is named."""
    with path.open("rb") as file, archive_of(file) as archive:
        found = first_or_named(archive, name)
        yield found


@contextmanager
def archive_of(file: IO[bytes]) -> Iterator[Parts]:
    """Open a workbook's archive; raise FileUnreadable for none, and for one that would not stay small."""
    try:
        with opened(file, Parts) as archive:
            if sum(part.file_size for part in archive.infolist()) > settings.MAX_WORKBOOK_BYTES:
                raise FileUnreadable(TOO_LARGE)
            yield archive
    except ArchiveUnreadable as error:
        raise FileUnreadable(_("The workbook cannot be read: %s") % error) from error


def first_or_named(archive: Parts, name: str | None) -> Any:
    """Return a sheet, the first unless it is named."""
    from openpyxl.reader.excel import ExcelReader

    class Reader(ExcelReader):
        """Reads through an archive of ours."""

        def __init__(self) -> None:
            super().__init__(cast("IO[bytes]", archive.fp), read_only=True, data_only=True, keep_links=False)
            self.archive = archive

        def read_strings(self) -> None:
            archive.unit = TEXT
            super().read_strings()
            archive.unit = LINE

    with readable():
        reader = Reader()
        reader.read()
        found = reader.wb[name] if name else reader.wb.worksheets[0]
        found.reset_dimensions()  # many programs write a size that is not the sheet's
    return found


def rows(of: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each row."""
    following = of.iter_rows(max_row=LAST_ROW, values_only=True)  # it makes up the rows that a sheet passes over
    while True:
        with readable():
            row = next(following, None)
        if row is None:
            return
        yield row


@contextmanager
def readable() -> Iterator[None]:
    """Raise FileUnreadable where openpyxl cannot make sense of a workbook."""
    try:
        yield
    except BROKEN as error:
        raise FileUnreadable(_("The workbook cannot be read: %s") % error) from error
