"""Uploaded files of rows, read as ERP files are: CSV, JSON Lines and XLSX, in any encoding that can be told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from crm.sync import formats
from crm.sync.mapping import MappingRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from crm.models import Import

SAMPLES: Final = 5
LONGEST_SAMPLE: Final = 200
LONGEST_NAME: Final = 1000
MOST_COLUMNS: Final = 1000
ENDINGS: Final = tuple(formats.READERS)


class AnyColumns:
    """What is known of an upload's columns: nothing, so that each is taken."""

    columns: set[str] = set()
    options: Mapping[str, Any] = {}

    def unknown(self, columns: Iterable[str]) -> list[str]:
        """Find fault with no column."""
        return []

    def check_columns(self, columns: list[str]) -> None:
        """Raise MappingRefused where there is no header."""
        if not any(columns):
            raise MappingRefused(_("There is no header."))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on disk for as long as it is read."""

    path: Path
    inspection: formats.Inspection

    def rows(self, after: int = 0) -> Generator[formats.Line]:
        """Yield the rows behind a line; raise FileUnreadable where it makes no sense."""
        for line in formats.read(self.path, self.inspection, AnyColumns()):
            if line.number > after:
                yield replace(line, values={clean(name): clean(value) for name, value in line.values.items()})

    def columns(self) -> dict[str, list[str]]:
        """Return the columns, in their order, with the first values of each; raise FileUnreadable."""
        found: dict[str, list[str]] = {}
        for line in islice(self.rows(), SAMPLES):
            for name, value in line.values.items():
                found.setdefault(name, []).append(value[:LONGEST_SAMPLE].replace("\0", "\ufffd"))
        if any("\0" in name or len(name) > LONGEST_NAME for name in found) or len(found) > MOST_COLUMNS:
            raise formats.FileUnreadable(_("The header is too long, or has control characters."))
        return found


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
