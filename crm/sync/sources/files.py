"""A folder into which an ERP drops files.

Files are read in the order of their names. One that may still be written to is left alone: its name begins with a
dot or ends in .part or .tmp, or it changed within the last `settle_seconds`. A file that has been read moves to
`done/`, one that cannot be read to `failed/`; with `done = "keep"` all stay, and every run reads them again.
"""

from __future__ import annotations

import fnmatch
import hashlib
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.sync import formats
from crm.sync.mapping import MappingRefused
from crm.sync.rows import Mark, Problem, SourceRow, Unreadable
from crm.sync.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crm.sync.mapping import ResourceMapping
    from crm.sync.rows import Item, Position

HALF_WRITTEN: Final = (".part", ".tmp", ".partial", ".crdownload")
SETTLE_SECONDS: Final = 5
OPTIONS: Final = frozenset({"folder", "files", "encoding", "delimiter", "sheet", "done", "settle_seconds"})


@dataclass(frozen=True, slots=True)
class Drop:
    """A whole file, with what it was when it was looked at."""

    path: Path
    inspection: formats.Inspection
    state: tuple[int, ...]


class Connector(Source):
    """Reads the files of a folder whose names fit the pattern `files`."""

    def __init__(self, resource: ResourceMapping, options: Mapping[str, Any], *, is_preview: bool) -> None:
        super().__init__(resource, options, is_preview=is_preview)
        unknown = sorted(options.keys() - OPTIONS)
        if unknown:
            message = f"files has no option {', '.join(unknown)}; known: {', '.join(sorted(OPTIONS))}"
            raise MappingRefused(message)
        self.folder = Path(options.get("folder", ""))
        if not options.get("folder") or not self.folder.is_dir():
            message = f"{self.folder} is not a folder; name the folder of files with --folder or in the mapping"
            raise MappingRefused(message)
        self.is_kept: bool = options.get("done", "move") == "keep"

    def read(self, position: Position) -> Iterator[Item]:
        drops: list[Drop] = []
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and fnmatch.fnmatch(path.name, self.options.get("files", "*")):
                found = self._look(path)
                if isinstance(found, Drop):
                    drops.append(found)
                else:
                    yield found
        self.expected = sum(max(drop.inspection.lines - 1, 0) for drop in drops)
        if position.get("is_aside"):
            position = {}
        start = next((at for at, drop in enumerate(drops) if self._place(drops, at).items() <= position.items()), None)
        for at, drop in enumerate(drops):
            if start is None or at >= start:
                resumed = position if at == start else {}
                yield from self._read(drop, self._place(drops, at), resumed)

    def _read(self, drop: Drop, place: Position, resumed: Position) -> Iterator[Item]:
        """Yield the rows of one file, then put it aside once they are committed."""
        end = place | {"is_done": True}
        if not resumed.get("is_done"):
            try:
                if formats.is_guessed(drop.path, drop.inspection, self.resource):
                    encoding = formats.encoding_of(drop.path, drop.inspection, "")
                    text = _("%(file)s is read as %(encoding)s; declare the encoding in the mapping to be sure.")
                    yield Problem(text % {"file": drop.path.name, "encoding": encoding}, is_gap=False)
                with closing(formats.read(drop.path, drop.inspection, self.resource)) as lines:
                    yield from self._items(drop, lines, place, resumed.get("line", 0))
            except formats.FileUnreadable as error:
                yield Mark({})
                self._put_aside(drop, "failed")
                yield Problem(f"{drop.path.name}: {error}", is_failure=True)
                return
            if not drop.path.exists() or state_of(drop.path) != drop.state:
                yield Mark({})
                yield Problem(
                    _("%s changed while it was read; the next run reads it.") % drop.path.name, is_failure=True
                )
                return
        if not self.is_kept:
            yield Mark(end)
        self._put_aside(drop, "done")
        yield Mark(end | {"is_aside": True})

    def _items(self, drop: Drop, lines: Iterator[formats.Line], place: Position, after: int) -> Iterator[Item]:
        for line in lines:
            if line.number <= after:
                continue
            position, name = place | {"line": line.number}, f"{drop.path.name}:{line.number}"
            if line.reason:
                yield Unreadable(position, name, line.text, line.reason)
            else:
                yield SourceRow(position, name, line.values)

    def _place(self, drops: list[Drop], at: int) -> Position:
        """Return what a checkpoint says of a file: which one it is, and which ones stand before it."""
        moved = 0 if self.is_kept else at
        before = [drop.inspection.digest for drop in drops[moved:at]]
        earlier = hashlib.sha256("".join(before).encode()).hexdigest()
        return {"file": drops[at].path.name, "digest": drops[at].inspection.digest, "earlier": earlier}

    def _look(self, path: Path) -> Drop | Problem:
        """Return the file, or why it is left alone."""
        try:
            return self._inspected(path, state_of(path))
        except OSError as error:
            return Problem(f"{path.name}: {error}", is_failure=True)

    def _inspected(self, path: Path, before: tuple[int, ...]) -> Drop | Problem:
        settle = float(self.options.get("settle_seconds", SETTLE_SECONDS))
        is_recent = time.time() - before[1] / 1e9 < settle
        if path.name.startswith(".") or path.suffix.lower() in HALF_WRITTEN or is_recent:
            return Problem(_("%s is left alone: it may still be written to.") % path.name)
        inspection = formats.inspect(path)
        if state_of(path) != before:
            return Problem(_("%s is left alone: it is being written to.") % path.name)
        return Drop(path, inspection, before)

    def _put_aside(self, drop: Drop, name: str) -> None:
        if self.is_kept or self.is_preview:
            return
        folder = drop.path.parent / name
        folder.mkdir(exist_ok=True)
        stamp = f"{timezone.now():%Y%m%dT%H%M%SZ}-{drop.inspection.digest[:8]}"
        drop.path.rename(folder / f"{stamp}-{drop.path.name}")


def state_of(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is written to or replaced."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns, state.st_ino
