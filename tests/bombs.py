"""Files that are made to hurt whoever unpacks them, and what they cost."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import sys
import zipfile
import zlib
from typing import Any, Final

from django.conf import settings
from openpyxl import Workbook

TYPES: Final = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
ODT: Final = "application/vnd.oasis.opendocument.text"
ZEROS: Final = b"\0" * (64 << 20)


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, text in members:
            made.writestr(name, text)
    return content.getvalue()


def with_directory(content: bytes, place: int, value: bytes) -> bytes:
    """Return an archive whose directory says something else of its first member, at a place in the line (APPNOTE)."""
    begins = content.index(b"PK\x01\x02") + place
    return content[:begins] + value + content[begins + len(value) :]


def lying(name: str, *, says: int) -> bytes:
    """Return an archive of a member that says it is so long, with the checksum of so much of it, and is 64 MB."""
    whole = packed((name, ZEROS))
    said = with_directory(whole, 24, struct.pack("<I", says))
    return with_directory(said, 16, struct.pack("<I", zlib.crc32(ZEROS[:says])))


def damaged(name: str, text: bytes = b"word/ " * 1000, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of a member whose content no longer makes sense."""
    whole = packed((name, text), method=method)
    begins = 30 + len(name) + 4
    return whole[:begins] + b"\xff" * 20 + whole[begins + 20 :]


def crowded(number: int) -> bytes:
    """Return an archive whose directory has so many lines, all of one empty member."""
    whole = packed(("mimetype", b""))
    begins = whole.index(b"PK\x01\x02")
    line = whole[begins : whole.index(b"PK\x05\x06")]
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, number & 0xFFFF, number & 0xFFFF, len(line) * number, begins, 0)
    return whole[:begins] + line * number + end


def overlapping() -> bytes:
    """Return an archive of two members of which the second lies in the first."""
    inner = packed(("b", b"hello"), method=zipfile.ZIP_STORED)
    whole = packed(("mimetype", inner), ("b", b"hello"), method=zipfile.ZIP_STORED)
    place = whole.rindex(b"PK\x01\x02") + 42
    return whole[:place] + struct.pack("<I", 30 + len("mimetype")) + whole[place + 4 :]


def peak_of(code: str, *contents: bytes) -> int:
    """Return how many bytes of memory a process needed at most, beyond what it had, to run code on `contents`.

    Its memory ends at a gigabyte and its time at two minutes of a processor, so that a bomb is no danger.
    """
    script = (
        "import base64, io, re, resource, sys\nimport django\ndjango.setup()\n"
        "import openpyxl.reader.excel, crm.sync.workbooks, crm.attachments.kinds, service.mail.reading\n"
        "contents = [base64.b64decode(one) for one in sys.stdin]\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (120, 120))\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) * 1024\n"
        "before = peak()\n"
        f"{code}\n"
        "print(peak() - before)\n"
    )
    command = [sys.executable, "-c", script]
    known = {"DEBUG": "true", "DJANGO_SETTINGS_MODULE": "crm.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(  # noqa: S603 -- ours
        command,
        input=b"\n".join(map(base64.b64encode, contents)),
        env=known,
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return int(done.stdout.split()[-1])


STRINGS: Final = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>Ada</t></si></sst>'
SHARED: Final = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument'
    b'.spreadsheetml.sharedStrings+xml"/></Types>'
)
SHEET, STYLES, TEXTS, BOOK = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/workbook.xml"


def workbook(part: str = "", old: bytes = b"", new: bytes = b"") -> bytes:
    """Return a workbook of one customer, in one part of which something stands instead of something else."""
    book, content = Workbook(), io.BytesIO()
    sheet: Any = book.active
    for row in (["Name", "Age"], ["Ada", 36]):
        sheet.append(row)
    book.save(content)
    with zipfile.ZipFile(content) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()} | {TEXTS: STRINGS}
    members["[Content_Types].xml"] = members["[Content_Types].xml"].replace(b"</Types>", SHARED)
    assert old in members.get(part, b"")
    return packed(*((name, text.replace(old, new, 1) if name == part else text) for name, text in members.items()))
