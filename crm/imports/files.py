"""Uploaded files of rows, read as ERP files are: CSV, JSON Lines and XLSX, in any encoding that can be told."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from crm.imports import refused
from crm.sync import formats, workbooks
from crm.sync.mapping import MappingRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from crm.models import Import

SAMPLES: Final = 5
LONGEST_SAMPLE: Final = 200
LONGEST_NAME: Final = 1000
MOST_COLUMNS: Final = 1000
ENDINGS: Final = tuple(formats.READERS)
JSON: Final = (".jsonl", ".ndjson")
CUSTOM: Final = "custom"


class AnyColumns:
    """What is known of an upload's columns: nothing, so that each is taken; the header of a table is kept."""

    columns: set[str] = set()
    options: Mapping[str, Any] = {}

    def __init__(self) -> None:
        """Begin without a header."""
        self.header: list[str] = []

    def unknown(self, columns: Iterable[str]) -> list[str]:
        """Find fault with no column."""
        return []

    def check_columns(self, columns: list[str]) -> None:
        """Raise MappingRefused where there is no header."""
        if not any(columns):
            raise MappingRefused(_("There is no header."))
        self.header = columns


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on disk for as long as it is read."""

    path: Path
    inspection: formats.Inspection

    def rows(self, after: int = 0, known: AnyColumns | None = None) -> Generator[formats.Line]:
        """Yield the rows behind a line; raise FileUnreadable where it makes no sense."""
        for line in formats.read(self.path, self.inspection, known or AnyColumns()):
            if line.number > after:
                values = refused.originals({clean(name): clean(value) for name, value in line.values.items()})
                yield replace(line, values=spread(values) if self.is_json else values)

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of the whole file, in their order, with the first values of each; raise FileUnreadable.

        A table says at its beginning which columns it has; JSON lines are read to their end.
        """
        known, found, has_rows = AnyColumns(), dict[str, list[str]](), False
        for line in islice(self.rows(known=known), None if self.is_json else SAMPLES):
            has_rows = True
            for name, value in line.values.items():
                samples = found.setdefault(name, [])
                if len(samples) < SAMPLES:
                    samples.append(value[:LONGEST_SAMPLE].replace("\0", "\ufffd"))
            refuse_too_many(found)
        if has_rows:  # though the first of them are none
            header = refused.originals(dict.fromkeys((clean(name) for name in known.header), ""))
            found = {name: [] for name in header} | found
        refuse_too_many(found)
        return found

    def length(self) -> int:
        """Return how many lines, or rows, the file has."""
        return workbooks.length(self.path) if self.path.suffix == ".xlsx" else self.inspection.lines

    @property
    def is_json(self) -> bool:
        """Tell whether each row names its own columns."""
        return self.path.suffix in JSON


def refuse_too_many(columns: Mapping[str, Any]) -> None:
    """Raise FileUnreadable for more columns than can be shown, or names that cannot be kept."""
    if any("\0" in name or len(name) > LONGEST_NAME for name in columns) or len(columns) > MOST_COLUMNS:
        raise formats.FileUnreadable(_("The header is too long, or has control characters."))


def spread(values: dict[str, str]) -> dict[str, str]:
    """Return a row whose object of custom fields, as an export writes it, is a column for each."""
    try:
        given = json.loads(values.get(CUSTOM, "null"))
    except (ValueError, RecursionError):
        return values
    if not isinstance(given, dict):
        return values
    inner = {f"{CUSTOM}.{clean(name)}": clean(formats.text_of(value)) for name, value in given.items()}
    return {name: value for name, value in values.items() if name != CUSTOM} | inner


def clean(text: str) -> str:
    """Return a text without halves of characters, which JSON can write and nothing can keep."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def on_disk(filename: str, content: bytes) -> Iterator[Upload]:
    """Lay the content of a file down under its ending, for as long as the block runs."""
    with TemporaryDirectory(prefix="crm-import-") as folder:
        path = Path(folder, f"rows{Path(filename).suffix.lower()}")
        path.write_bytes(content)
        yield Upload(path, formats.inspect(path))


@contextmanager
def of(one: Import) -> Iterator[Upload]:
    """Lay the file of an import down."""
    with on_disk(one.filename, bytes(one.file.content)) as upload:
        yield upload
