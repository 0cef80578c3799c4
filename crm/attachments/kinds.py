"""Which files are taken: by what their content says that they are, which their name must not contradict."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import filetype
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm import archives

if TYPE_CHECKING:
    from django.core.files import File

HEAD: Final = 8192
LONGEST_NAME: Final = 255
MIMETYPE: Final = 100  # bytes, more than any of them has
OFFICE: Final = "application/vnd.openxmlformats-officedocument."
OPEN: Final = "application/vnd.oasis.opendocument."
OLD: Final = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
ZIP: Final = "application/zip"
# By the ending of the name: what the content may say that it is. The first is what it is then called.
BINARY: Final[dict[str, tuple[str, ...]]] = {
    "pdf": ("application/pdf",),
    "png": ("image/png", "image/apng"),
    "jpg": ("image/jpeg",),
    "jpeg": ("image/jpeg",),
    "gif": ("image/gif",),
    "webp": ("image/webp",),
    "bmp": ("image/bmp",),
    "tif": ("image/tiff",),
    "tiff": ("image/tiff",),
    "heic": ("image/heic",),
    "docx": (f"{OFFICE}wordprocessingml.document", ZIP),
    "xlsx": (f"{OFFICE}spreadsheetml.sheet", ZIP),
    "pptx": (f"{OFFICE}presentationml.presentation", ZIP),
    "odt": (f"{OPEN}text", ZIP),
    "ods": (f"{OPEN}spreadsheet", ZIP),
    "odp": (f"{OPEN}presentation", ZIP),
    "doc": OLD,
    "xls": OLD[1:] + OLD[:1],
    "ppt": OLD[2:] + OLD[:2],
    "rtf": ("application/rtf",),
    "zip": (ZIP,),
    "mp3": ("audio/mpeg",),
    "m4a": ("audio/mp4",),
    "wav": ("audio/x-wav",),
    "ogg": ("audio/ogg",),
    "mp4": ("video/mp4",),
    "mov": ("video/quicktime",),
}
TEXT: Final[dict[str, str]] = {
    "txt": "text/plain",
    "log": "text/plain",
    "csv": "text/csv",
    "md": "text/markdown",
    "json": "application/json",
    "eml": "message/rfc822",
    "ics": "text/calendar",
    "vcf": "text/vcard",
}
INSIDE: Final = {"d": "word/", "x": "xl/", "p": "ppt/"}
WEAK: Final = frozenset({"image/bmp"})  # two letters that a text may begin with
MARKUP: Final = re.compile(rb"<\s*(!doctype\s+html|html|head|body|script|iframe|svg|\?php)\b|\A\s*#!", re.IGNORECASE)
BAD: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
ENCODINGS: Final = ("utf-8", "gb18030", "latin-1")
MARKS: Final = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16


def clean_name(name: str) -> str:
    """Return the name of a file as it is shown: no folders, and no character that is not seen or misleads."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(one for one in last if unicodedata.category(one)[0] != "C")
    stem, ending = os.path.splitext(" ".join(seen.split()).strip(" ."))
    return stem[: LONGEST_NAME - len(ending)] + ending if len(ending) < LONGEST_NAME else ""


def media_type_of(name: str, content: File[Any]) -> str:
    """Return what a content is; raise ValidationError for a kind that is not taken, or that the name contradicts."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in settings.ATTACHMENT_KINDS or ending not in (BINARY | dict.fromkeys(TEXT, ())):
        known = ", ".join(settings.ATTACHMENT_KINDS)
        raise refused(_("Files of this kind are not taken. Those are: %s.") % known, "kind_refused")
    content.seek(0)
    head = content.read(HEAD)
    content.seek(0)
    guess = filetype.guess(head)
    said = guess.mime if guess else ""
    is_right = is_text(head, said) if ending in TEXT else is_binary(ending, said, content)
    content.seek(0)
    if not is_right:
        raise refused(_("The content is not what the ending .%s says.") % ending, "kind_contradicted")
    if ending in TEXT:
        return TEXT[ending]
    return BINARY[ending][0] if said == ZIP else said


def is_text(head: bytes, said: str) -> bool:
    """Tell whether a content that begins so is text, and neither a page nor a script."""
    if (said and said not in WEAK) or MARKUP.search(head):
        return False
    return head.startswith(MARKS) or not BAD.search(head)


def is_binary(ending: str, said: str, content: File[Any]) -> bool:
    """Tell whether a content is what the ending says; of a document in a ZIP file, also by what lies in it."""
    if said not in BINARY[ending]:
        return False
    return said != ZIP or ending == "zip" or is_document(ending, content)


def is_document(ending: str, content: File[Any]) -> bool:
    """Tell whether a ZIP file is a document of this kind, whatever the order of what lies in it."""
    try:
        with archives.opened(content.file or content, archives.Archive) as archive:
            names = archive.namelist()
            if ending.startswith("od"):
                said = archive.beginning("mimetype", MIMETYPE)
                return said.decode() == BINARY[ending][0]
            return "[Content_Types].xml" in names and any(one.startswith(INSIDE[ending[0]]) for one in names)
    except archives.ArchiveUnreadable:
        return False


def refused(text: str, code: str) -> ValidationError:
    """Return the refusal of a file."""
    return ValidationError({"file": ValidationError(text, code=code)})
