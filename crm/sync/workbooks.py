"""Workbooks (XLSX), read row by row; what a damaged one makes of openpyxl is told as such, errors of ours are not."""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from django.utils.translation import gettext as _

from crm.sync.formats import BLOCK, FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROW: Final = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)>")
ROW_NUMBER: Final = re.compile(rb"\sr=[\"'](\d{1,7})[\"']")
LONGEST_TAG: Final = 10_000
# What openpyxl lets through of a damaged workbook: its parser stumbles over whatever is not there. Only calls of it are
# guarded so, none of ours.
BROKEN: Final = (
    BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, ParseError, zlib.error
)  # fmt: skip


def length(path: Path) -> int:
    """Return the number of the last row of the first sheet, told from its text: that is quick, and needs no memory."""
    count, rest = 0, b""
    with sheet(path, None) as found, readable(), found._get_source() as file:  # openpyxl has no other way to the text
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
    import openpyxl

    refuse_bombs(path)
    with readable():
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        with readable():
            found = book[name] if name else book.worksheets[0]
            found.reset_dimensions()  # many programs write a size that is not the sheet's
        yield found
    finally:
        book.close()


def rows(of: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each row."""
    following = of.iter_rows(values_only=True)
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


def refuse_bombs(path: Path) -> None:
    """Raise FileUnreadable for a workbook that would not stay small when it is unpacked."""
    try:
        with ZipFile(path) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except BadZipFile as error:
        raise FileUnreadable(str(error)) from error
    if size > settings.MAX_WORKBOOK_BYTES:
        raise FileUnreadable(_("The workbook is too large when it is unpacked."))
