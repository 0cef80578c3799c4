"""Fetches e-mail from an IMAP server: what nobody has read yet, which is marked as read once it is taken.

Where the process dies in between, the e-mail is fetched again and known again.
"""

from __future__ import annotations

import logging
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError
from imapclient import SEEN, IMAPClient

from service.mail.receiving import take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from service.models import IncomingMail

logger = logging.getLogger(__name__)
TIMEOUT: Final = 60
PORTS: Final = {"imap": 143, "imaps": 993}
AT_ONCE: Final = 200
HEAD: Final = 65_536


@dataclass(frozen=True)
class Mailbox:
    """Where e-mail waits: `imaps://user:password@host:993/INBOX`; without the s, TLS begins after the greeting.

    `?tls=no` leaves TLS away, for a server on the same machine.
    """

    host: str
    port: int
    user: str
    password: str
    folder: str
    is_tls: bool
    may_be_plain: bool

    @classmethod
    def of(cls, url: str) -> Mailbox:
        """Read the address of a mailbox; raise ValueError for one that is none."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or not parts.username:
            raise ValueError("Use an address such as imaps://user:password@mail.example.com/INBOX.")
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
            is_tls=parts.scheme == "imaps",
            may_be_plain=parts.query == "tls=no",
        )


@contextmanager
def opened(box: Mailbox) -> Iterator[Any]:
    """Yield a connection to a mailbox, signed in and with its folder open."""
    context = ssl.create_default_context()
    with IMAPClient(box.host, box.port, ssl=box.is_tls, ssl_context=context, timeout=TIMEOUT) as server:
        if not box.is_tls and not box.may_be_plain:
            server.starttls(context)
        server.login(box.user, box.password)
        server.select_folder(box.folder)
        yield server


def poll(url: str) -> list[IncomingMail]:
    """Take what waits in a mailbox, and return what became of each.

    One that cannot be taken holds up no other: it stays unread, and what it raised is raised after the others.
    """
    found: list[IncomingMail] = []
    failures: list[Exception] = []
    with opened(Mailbox.of(url)) as server:
        for number in server.search("UNSEEN"):
            if len(found) >= AT_ONCE:
                break
            fetched = fetch(server, number)
            if fetched is None:
                continue
            try:
                found.append(take(fetched[0], received_at=fetched[1]))
            except (InterfaceError, OperationalError):
                raise
            except Exception as error:
                logger.exception("An e-mail could not be taken.")
                failures.append(error)
            else:
                server.add_flags([number], [SEEN])
    if failures:
        raise failures[0]
    return found


def fetch(server: Any, number: int) -> tuple[bytes, datetime] | None:
    """Return an e-mail, as far as MAIL_BYTES goes, and when it came; None where somebody else removed it."""
    known = server.fetch([number], ["RFC822.SIZE", "INTERNALDATE"]).get(number)
    if known is None:
        return None
    is_large = known[b"RFC822.SIZE"] > settings.MAIL_BYTES
    part = f"BODY.PEEK[]<0.{settings.MAIL_BYTES + 1}>" if is_large else "BODY.PEEK[]"
    content = server.fetch([number], [part]).get(number, {})
    raw = next((value for name, value in content.items() if name.startswith(b"BODY[")), None)
    return None if raw is None else (raw, known[b"INTERNALDATE"].astimezone(UTC))
