"""ZIP files of strangers, read in as much memory as their length allows, whatever they say of themselves.

The library unpacks a member whole before it looks how long it may be, and makes an object of every line of the
directory: 500 bytes become a gigabyte. Here the directory has a bound, and a member comes in small pieces.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, Final, cast

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE: Final = 1 << 16
DIRECTORY: Final = 1 << 20  # bytes of it: some 10,000 members
LOCAL_HEADER: Final = 30
ENCRYPTED: Final = 0x1
# Others unpack without a bound, and no document has them (ISO/IEC 29500-2, annex B; OpenDocument 1.3, part 2, 2.1).
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What the library lets through where a file is no archive, or a damaged one.
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, OSError, OverflowError, RuntimeError,
    ValueError,
)  # fmt: skip


class ArchiveUnreadable(Exception):
    """The file is no ZIP file, or one that would not stay small; the text says why."""


class Sparing:
    """A file that gives no more at once than the directory of an archive may have."""

    def __init__(self, file: Any) -> None:
        """Stand before a file."""
        self.file = file

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; raise ArchiveUnreadable where there are too many at once."""
        if size > DIRECTORY:
            raise ArchiveUnreadable(_("The archive has too many parts."))
        found = cast("bytes", self.file.read(size if size >= 0 else DIRECTORY + 1))
        if len(found) > DIRECTORY:
            raise ArchiveUnreadable(_("The archive has too many parts."))
        return found

    def __getattr__(self, name: str) -> Any:
        """Be the file in everything else."""
        return getattr(self.file, name)


class Archive(zipfile.ZipFile):
    """A ZIP file whose members are unpacked piece by piece, and never beyond the length that they say."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        """Return a member."""
        with self.open(name, "r", pwd) as member:
            return b"".join(iter(lambda: member.read(PIECE), b""))

    def beginning(self, name: str, length: int) -> bytes:
        """Return the first bytes of a member."""
        with self.open(name) as member:
            return member.read(length)


@contextmanager
def opened[A: Archive](file: IO[bytes], kind: type[A]) -> Iterator[A]:
    """Yield an archive; raise ArchiveUnreadable, for what the block does too, where it is damaged or made to hurt."""
    try:
        with kind(cast("IO[bytes]", Sparing(file))) as archive:
            refuse_hurtful(archive)
            yield archive
    except BROKEN as error:
        raise ArchiveUnreadable(str(error)) from error


def refuse_hurtful(archive: Archive) -> None:
    """Raise ArchiveUnreadable for members that are encrypted, packed by other means, stand twice, or in one another."""
    members = archive.infolist()
    if any(one.flag_bits & ENCRYPTED for one in members):
        raise ArchiveUnreadable(_("The archive is encrypted."))
    if not {one.compress_type for one in members} <= METHODS:
        raise ArchiveUnreadable(_("The archive uses a compression method that is not supported."))
    if len({one.filename for one in members}) < len(members):
        raise ArchiveUnreadable(_("The archive contains the same name twice."))
    placed = sorted(members, key=lambda one: one.header_offset)
    for one, following in pairwise(placed):
        if one.header_offset + LOCAL_HEADER + one.compress_size > following.header_offset:
            raise ArchiveUnreadable(_("Parts of the archive overlap."))
