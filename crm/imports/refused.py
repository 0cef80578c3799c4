"""The rows of an import that could not be taken, as a file to mend and to send again.

For programs it has the cells as they were. For spreadsheets it has an apostrophe before whatever they would take for a
formula, and a column that says so; when it comes back, the cells are as they were.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING, Final, Literal

from crm.api.export import FORMULA
from crm.sync.formats import DELIMITERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crm.models import Import

LINE: Final = "_line"
REASON: Final = "_reason"
HARMLESS: Final = "_harmless"  # stands in the header of the form for spreadsheets
OWN: Final = (LINE, REASON, HARMLESS)
DANGEROUS: Final = re.compile(rf"'*(?:{FORMULA.removeprefix('^')})")


def table(one: Import) -> Iterator[bytes]:
    """Yield the refused rows of an import as CSV: its columns, the line, and the reasons."""
    names = [column["name"] for column in one.columns]
    has_signs = any(sign in name for name in names for sign in DELIMITERS)
    yield row_of([*names, LINE, REASON], csv.QUOTE_ALL if has_signs else csv.QUOTE_MINIMAL)
    for cells in rows_of(one, names):
        yield row_of(cells)


def sheet(one: Import) -> Iterator[bytes]:
    """Yield the same for spreadsheets: they see its encoding, and take no cell for a formula."""
    names = [column["name"] for column in one.columns]
    yield codecs.BOM_UTF8 + row_of([*map(harmless, names), LINE, REASON, HARMLESS], csv.QUOTE_ALL)
    for cells in rows_of(one, names):
        yield row_of([*map(harmless, cells), ""])


def rows_of(one: Import, names: Sequence[str]) -> Iterator[list[str]]:
    """Yield the cells of each refused row, its line and the reasons; the text of what is no row stands with these."""
    for refusal in one.refusals.order_by("line").iterator():
        text = refusal.cells.get("", "") if refusal.cells.keys() == {""} else ""
        cells = [""] * len(names) if text else [refusal.cells.get(name, "") for name in names]
        yield [*cells, str(refusal.line), "; ".join([*refusal.reasons, *([text] if text else [])])]


def harmless(text: str) -> str:
    """Return a text with an apostrophe before it where a spreadsheet would take it for a formula (CWE-1236).

    Also where there are apostrophes already, so that `original` knows which one to take away.
    """
    return f"'{text}" if DANGEROUS.match(text) else text


def original(text: str) -> str:
    """Return a text as it was before `harmless`."""
    return text[1:] if text.startswith("'") and DANGEROUS.match(text[1:]) else text


def originals(values: dict[str, str]) -> dict[str, str]:
    """Return a row as it was before it was refused, without what was said of it."""
    if not {LINE, REASON} <= values.keys():
        return values
    kept = {name: value for name, value in values.items() if name not in OWN}
    if HARMLESS not in values:
        return kept
    return {original(name): original(value) for name, value in kept.items()}


def row_of(cells: list[str], quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> bytes:
    """Return one row of a table (RFC 4180)."""
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting).writerow(cells)
    return buffer.getvalue().encode()
