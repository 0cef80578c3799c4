"""Reads an e-mail, however badly it is made: nothing that a sender writes raises, but for what is no e-mail at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any, Final

from charset_normalizer import from_bytes
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from crm.mime import BROKEN, LONGEST_HEADER, Unreadable, parsed
from service.mail.cleaning import readable, safe_html, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

MOST_PARTS: Final = 200
LONGEST_ID: Final = 500
ADDRESS: Final = re.compile(r"[^\s@<>]+@[^\s@<>]+")
BRACKETS: Final = re.compile(r"<([^\s@<>]+@[^\s@<>]+)>")
IDS: Final = re.compile(r"<[^<>\s]{1,498}>")
# What senders call a character set, and a larger one that reads all of it.
LARGER: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-1": "cp1252",
    "us-ascii": "utf-8",
    "unknown-8bit": "utf-8",
    "shift_jis": "cp932",
}
GUESSED: Final = ("utf-8", "gb18030")
# Names of Python's for what is no character set of e-mails; some take the square of the time.
NO_CHARSETS: Final = {"punycode", "idna", "unicode_escape", "raw_unicode_escape"}
SENDERS: Final = ("from", "sender", "reply-to", "return-path")
RECIPIENTS: Final = ("delivered-to", "x-original-to", "to", "cc")
ENCRYPTED: Final = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


@dataclass(frozen=True)
class File:
    """A file that came with an e-mail."""

    name: str
    content: bytes


@dataclass
class Mail:
    """What an e-mail says."""

    sender: str
    name: str
    reply_to: str
    recipients: str
    subject: str
    message_id: str
    answers: list[str]
    text: str
    html: str
    files: list[File] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    is_encrypted: bool = False
    is_wanted: bool = False
    report_type: str = ""
    reports: list[str] = field(default_factory=list)


def read(raw: bytes) -> Mail:
    """Return what an e-mail says; raise Unreadable for what is none."""
    try:
        return of(parsed(raw))
    except BROKEN as error:
        raise Unreadable(type(error).__name__) from error


def of(message: Message) -> Mail:
    """Return what a parsed message says."""
    raw = {name.lower(): str(value) for name, value in reversed([*message.raw_items()])}
    headers = {name: header(value) for name, value in raw.items()}
    name, sender = next((found[0] for known in SENDERS if (found := addresses(raw.get(known, "")))), ("", ""))
    if not sender:
        raise Unreadable("no sender")
    mail = Mail(
        sender=sender[:320],
        name=" ".join(name.split())[:200],
        reply_to=reply_address(raw.get("reply-to", "")) or sender[:254],
        recipients=recipients(message),
        subject=" ".join(headers.get("subject", "").split())[:200],
        message_id=one_id(headers.get("message-id", "")),
        answers=ids(headers.get("in-reply-to", "")) + ids(headers.get("references", ""))[::-1],
        text="",
        html="",
        headers=headers,
        content_type=message.get_content_type(),
        is_encrypted=message.get_content_type() in ENCRYPTED,
        report_type=str(message.get_param("report-type") or "").lower(),
    )
    fill(mail, message)
    return mail


def recipients(message: Message) -> str:
    """Return all addresses that it was sent to, as far as it says so."""
    values = (str(value) for name, value in message.raw_items() if name.lower() in RECIPIENTS)
    return ", ".join(address for _name, address in addresses(", ".join(values)))


def addresses(value: str) -> list[tuple[str, str]]:
    """Return names and addresses in a header as it stands: what a name is written in is decoded after, never before.

    Otherwise a name with a comma in it would be two, and one that reads like an address would be the sender's.
    """
    text = text_in(value)[:LONGEST_HEADER]
    found = getaddresses([text])
    if not any(ADDRESS.fullmatch(address) for _name, address in found):  # badly written: what is in brackets counts
        found = [("", one) for one in BRACKETS.findall(text)] or getaddresses([text], strict=False)
    return [(header(name), readable(address).lower()) for name, address in found if ADDRESS.fullmatch(address)]


def reply_address(value: str) -> str:
    """Return the first address in a header to which an answer can be sent; empty for none."""
    for _name, address in addresses(value):
        try:
            validate_email(address)
        except ValidationError:
            continue
        return address[:254]
    return ""


def fill(mail: Mail, message: Message) -> None:
    """Read the parts: the first text of either kind is the message's, everything else a file."""
    plain = html = ""
    for part in leaves(message):
        kind, name = part.get_content_type(), header(part.get_filename() or "")
        content = content_of(part)
        if kind == "message/delivery-status":
            mail.reports.append(content[:LONGEST_HEADER].decode("latin-1").replace("\r\n", "\n"))
        is_file = bool(name) or part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not is_file and not plain:
            plain = readable(decoded(content, part.get_content_charset()))
        elif kind == "text/html" and not is_file and not html:
            html = decoded(content, part.get_content_charset())
        elif content:
            mail.files.append(File(name or unnamed(kind, len(mail.files) + 1), content))
    mail.html = safe_html(html)
    mail.text = plain.strip() or text_of(mail.html)


def leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something; a message in a message is one of them."""
    found = 0
    waiting: list[Any] = [message]
    while waiting:
        part = waiting.pop(0)
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting = [*part.get_payload(), *waiting]
            continue
        found += 1
        if found > MOST_PARTS:
            return
        yield part


def content_of(part: Message) -> bytes:
    """Return what a part holds."""
    if part.is_multipart():  # a message in a message
        return b"\r\n".join(one.as_bytes() for one in part.get_payload() if hasattr(one, "as_bytes"))
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def unnamed(kind: str, number: int) -> str:
    """Return a name for a file that has none."""
    endings = {"message/rfc822": "eml", "text/plain": "txt", "text/calendar": "ics", "image/jpeg": "jpg"}
    return f"{number}.{endings.get(kind, kind.partition('/')[2][:10] or 'bin')}"


def decoded(content: bytes, charset: str | None) -> str:
    """Return the text of bytes: in the set that they claim, or else in the one that they seem to be in."""
    claimed = (charset or "").strip("\"'").lower()
    is_known = claimed and claimed.replace("-", "_") not in NO_CHARSETS
    candidates = [LARGER.get(claimed, claimed), *GUESSED] if is_known else [*GUESSED]
    for name in candidates:
        try:
            return content.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    best = from_bytes(content[:100_000]).best()
    return content.decode(best.encoding if best else "latin-1", "replace")


def header(value: Any) -> str:
    """Return a header as people read it (RFC 2047), also one that holds bytes as they are."""
    text = " ".join(text_in(value if isinstance(value, str) else str(value)).splitlines())
    # Behind the last end, the library would look for one from each beginning.
    end = text.rfind("?=") + 2 if "?=" in text else 0
    try:
        parts = decode_header(text[:end])
    except (ValueError, LookupError, MessageError):
        return readable(text).strip()
    words = [part if isinstance(part, str) else decoded(part, charset) for part, charset in parts]
    return readable("".join([*words, text[end:]])).strip()


def text_in(raw: str) -> str:
    """Return a header whose bytes are text."""
    return decoded(raw.encode("utf-8", "surrogateescape"), None) if has_bytes(raw) else raw


def has_bytes(text: str) -> bool:
    """Tell whether a text holds bytes that are no text yet."""
    return any("\udc80" <= one <= "\udcff" for one in text)


def ids(text: str) -> list[str]:
    """Return the message ids in a header."""
    return [one for one in IDS.findall(text) if len(one) <= LONGEST_ID][:50]


def one_id(text: str) -> str:
    """Return the message id of a header; empty for none that can be kept."""
    return next(iter(ids(text)), "")
