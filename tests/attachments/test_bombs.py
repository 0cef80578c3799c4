"""Archives that are made to hurt: none is taken for a document, and none costs more than its share."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from crm.archives import DIRECTORY, Archive, ArchiveUnreadable, Sparing, opened
from crm.models import Attachment
from tests.bombs import ODT, ZEROS, crowded, damaged, lying, overlapping, packed, peak_of, with_directory

if TYPE_CHECKING:
    from pathlib import Path

HONEST = packed(("mimetype", ODT.encode()), ("content.xml", b"<a/>"))
ENCRYPTED = with_directory(HONEST, 8, b"\x01\x00")
HUGE = with_directory(HONEST, 20, b"\xff" * 8)
ZSTANDARD = with_directory(HONEST, 10, struct.pack("<H", 93))
NOWHERE = with_directory(HONEST, 42, struct.pack("<I", 2**32 - 2))
NESTED = packed(("mimetype", packed(("mimetype", ZEROS))))
BOMBS = {
    "deflated": packed(("mimetype", ZEROS)),
    "nested": NESTED,
    "lying": lying("mimetype", says=len(ODT)),
    "lying more": lying("mimetype", says=99),
    "bzip2": packed(("mimetype", ZEROS), method=zipfile.ZIP_BZIP2),
    "lzma": packed(("mimetype", ZEROS), method=zipfile.ZIP_LZMA),
    "zstandard": ZSTANDARD,
    "damaged": damaged("mimetype"),
    "damaged lzma": damaged("mimetype", method=zipfile.ZIP_LZMA),
    "damaged bzip2": damaged("mimetype", method=zipfile.ZIP_BZIP2),
    "encrypted": ENCRYPTED,
    "64 bits": HUGE,
    "overlapping": overlapping(),
    "crowded": crowded(60_000),
    "nowhere": NOWHERE,
    "cut": HONEST[:-30],
}


def members(content: bytes) -> list[str]:
    with opened(io.BytesIO(content), Archive) as archive:
        return archive.namelist()


def test_an_honest_document_is_taken(send: Any) -> None:
    assert (send("a.odt", HONEST).status_code, send("b.odt", HONEST).json()["media_type"]) == (201, ODT)


@pytest.mark.django_db
@pytest.mark.parametrize("name", BOMBS)
def test_an_archive_that_is_made_to_hurt_is_no_document(send: Any, folder: Path, name: str) -> None:
    answer = send("a.odt", BOMBS[name])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "kind_contradicted")
    assert not Attachment.objects.exists()
    assert not [one for one in folder.rglob("*") if one.is_file()]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMBS["bzip2"], "The archive uses a compression method that is not supported."),
        (BOMBS["lzma"], "The archive uses a compression method that is not supported."),
        (BOMBS["zstandard"], "The archive uses a compression method that is not supported."),
        (BOMBS["encrypted"], "The archive is encrypted."),
        (BOMBS["overlapping"], "Parts of the archive overlap."),
        (BOMBS["crowded"], "The archive has too many parts."),
        (crowded(2), "The archive contains the same name twice."),
        (BOMBS["cut"], "File is not a zip file"),
        (b"", "File is not a zip file"),
    ],
)
def test_what_no_document_has_is_refused_before_anything_is_unpacked(content: bytes, reason: str) -> None:
    with pytest.raises(ArchiveUnreadable) as refused:
        members(content)
    assert str(refused.value) == reason


def test_members_may_be_packed_by_either_means_that_documents_have() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("mimetype", ODT, zipfile.ZIP_STORED)
        made.writestr("content.xml", "<a/>", zipfile.ZIP_DEFLATED)
    assert members(content.getvalue()) == ["mimetype", "content.xml"]
    assert members(packed()) == []


@pytest.mark.parametrize(
    ("has", "asked", "gets"),
    [
        (DIRECTORY, (), DIRECTORY),
        (DIRECTORY, (-1,), DIRECTORY),
        (DIRECTORY, (DIRECTORY,), DIRECTORY),
        (DIRECTORY + 1, (DIRECTORY,), DIRECTORY),
        (DIRECTORY + 1, (), None),
        (DIRECTORY + 1, (-1,), None),
        (2 * DIRECTORY, (), None),
        (3, (DIRECTORY + 1,), None),
        (3, (0,), 0),
        (3, (1,), 1),
        (3, (), 3),
    ],
)
def test_no_more_is_read_at_once_than_a_directory_may_have(has: int, asked: Any, gets: int | None) -> None:
    file = io.BytesIO(bytes(has))
    if gets is None:
        with pytest.raises(ArchiveUnreadable, match="too many parts"):
            Sparing(file).read(*asked)
    else:
        assert Sparing(file).read(*asked) == bytes(gets)
    assert file.tell() <= DIRECTORY + 1


def test_two_parts_of_one_name_are_refused() -> None:
    one, other = packed(("a", b"1"), ("b", b"2")), packed(("a", b"1"), ("a ", b"2"))
    assert (members(one), members(other)) == (["a", "b"], ["a", "a "])
    with pytest.raises(ArchiveUnreadable):
        members(one.replace(b"b2", b"a2").replace(b"b", b"a"))


def test_no_archive_takes_more_memory_than_its_share() -> None:
    code = (
        "from django.core.files.base import ContentFile\n"
        "from crm.attachments.kinds import is_document\n"
        "assert not any(is_document('odt', ContentFile(one)) for one in contents)"
    )
    assert peak_of(code, *BOMBS.values()) < 32 << 20


def test_a_member_is_read_no_further_than_it_says() -> None:
    code = (
        "from crm.archives import Archive, opened\n"
        "with opened(io.BytesIO(contents[0]), Archive) as one:\n"
        "    assert one.read('a') == bytes(39)\n"
        "    assert one.beginning('a', 10) == bytes(10)"
    )
    assert peak_of(code, lying("a", says=39)) < 8 << 20


def test_the_measure_notices_a_bomb() -> None:
    assert peak_of("import zipfile; zipfile.ZipFile(io.BytesIO(contents[0])).read('a')", lying("a", says=39)) > 60 << 20
