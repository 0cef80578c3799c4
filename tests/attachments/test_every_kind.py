"""Each kind of file that is taken: what it is called, and that no other kind passes under its ending."""

from __future__ import annotations

from typing import Any, Final

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from crm.attachments.kinds import media_type_of
from tests.attachments import samples
from tests.bombs import packed

OFFICE, OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."
TYPES = ("[Content_Types].xml", b"<Types/>")
BINARY: Final[dict[str, tuple[bytes, str]]] = {
    "pdf": (samples.PDF, "application/pdf"),
    "png": (samples.PNG, "image/png"),
    "jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    "jpeg": (b"\xff\xd8\xff\xe1\0\x10Exif\0", "image/jpeg"),
    "gif": (samples.GIF, "image/gif"),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 10, "image/webp"),
    "bmp": (b"BM" + b"\0" * 30, "image/bmp"),
    "tif": (b"II*\0\x08\0\0\0" + b"\0" * 10, "image/tiff"),
    "tiff": (b"MM\0*\0\0\0\x08" + b"\0" * 10, "image/tiff"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 20, "image/heic"),
    "docx": (packed(TYPES, ("word/document.xml", b"<w/>")), f"{OFFICE}wordprocessingml.document"),
    "xlsx": (packed(TYPES, ("xl/workbook.xml", b"<w/>")), f"{OFFICE}spreadsheetml.sheet"),
    "pptx": (packed(TYPES, ("ppt/presentation.xml", b"<w/>")), f"{OFFICE}presentationml.presentation"),
    "odt": (packed(("mimetype", f"{OPEN}text".encode())), f"{OPEN}text"),
    "ods": (packed(("mimetype", f"{OPEN}spreadsheet".encode())), f"{OPEN}spreadsheet"),
    "odp": (packed(("mimetype", f"{OPEN}presentation".encode())), f"{OPEN}presentation"),
    "rtf": (b"{\\rtf1 hello}", "application/rtf"),
    "zip": (samples.archive(readme="hello"), "application/zip"),
    "mp3": (b"ID3\x03" + b"\0" * 20, "audio/mpeg"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\0" * 20, "audio/mp4"),
    "wav": (b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 20, "audio/x-wav"),
    "ogg": (b"OggS\0\x02" + b"\0" * 30, "audio/ogg"),
    "mp4": (b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2" + b"\0" * 10, "video/mp4"),
    "mov": (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + b"\0" * 10, "video/quicktime"),
}
TEXT: Final = {
    "txt": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "json": "application/json",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "vcf": "text/vcard",
}
SAME: Final = {("jpeg", "jpg"), ("tif", "tiff")}  # two endings of one kind
PARTS: Final = {"docx", "xlsx", "pptx", "odt", "ods", "odp"}  # each of which is a ZIP file too
OLD: Final = ("doc", "xls", "ppt")


def kind(name: str, content: bytes) -> str:
    return media_type_of(name, ContentFile(content))


def test_no_kind_is_left_out_here() -> None:
    assert set(settings.ATTACHMENT_KINDS) == BINARY.keys() | TEXT.keys() | {*OLD}


@pytest.mark.parametrize("ending", BINARY)
def test_a_file_of_each_kind_is_called_what_it_is(ending: str) -> None:
    content, media_type = BINARY[ending]
    assert (kind(f"a.{ending}", content), kind(f"A.{ending.upper()}", content)) == (media_type, media_type)


@pytest.mark.parametrize("ending", TEXT)
def test_a_text_of_each_kind_is_called_what_its_ending_says(ending: str) -> None:
    assert kind(f"a.{ending}", "Grüße\n".encode()) == TEXT[ending]


@pytest.mark.parametrize("ending", [*BINARY, *TEXT, *OLD])
def test_no_other_kind_passes_under_an_ending(ending: str) -> None:
    for other, (content, _type) in BINARY.items():
        is_same = other == ending or tuple(sorted((ending, other))) in SAME
        if is_same or (ending == "zip" and other in PARTS) or (ending in TEXT and other == "bmp"):
            continue
        with pytest.raises(ValidationError) as refusal:
            kind(f"a.{ending}", content)
        errors: Any = refusal.value.error_dict
        assert errors["file"][0].code == "kind_contradicted", other


@pytest.mark.parametrize("ending", TEXT)
@pytest.mark.parametrize(
    "content",
    [
        *(b"a" + bytes([code]) + b"b" for code in (*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20))),
        *(b"<" + word for word in (b"html>", b"HEAD>", b"body >", b"script>", b"iframe ", b"svg ", b"?php ")),
        b"< !doctype html>",
        b"  #!/bin/sh",
    ],
    ids=repr,
)
def test_what_is_no_text_is_none_under_any_ending(ending: str, content: bytes) -> None:
    with pytest.raises(ValidationError):
        kind(f"a.{ending}", content)


@pytest.mark.parametrize("code", [9, 10, 11, 12, 13, 0x1B, 0x20, 0x7F])
def test_what_texts_may_hold_is_taken(code: int) -> None:
    assert kind("a.txt", b"a" + bytes([code]) + b"b") == "text/plain"
