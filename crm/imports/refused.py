"""The rows of an import that could not be taken, as a file to mend and to send again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crm.models import Import


def table(one: Import) -> Iterator[bytes]:
    """Yield the refused rows of an import as CSV: its columns, the line, and the reasons."""
    names = [column["name"] for column in one.columns]
    yield row_of([*names, "_line", "_reason"])
    for refusal in one.refusals.order_by("line").iterator():
        cells = [refusal.cells.get(name, "") for name in names] if refusal.cells.keys() != {""} else []
        text = refusal.cells.get("", "")
        reason = "; ".join([*refusal.reasons, *([text] if text else [])])
        yield row_of([*(cells or [""] * len(names)), str(refusal.line), reason])


def row_of(cells: list[str]) -> bytes:
    """Return one row of a table (RFC 4180)."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()
