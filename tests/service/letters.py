"""E-mails as customers and their mail systems send them."""

from __future__ import annotations

import itertools
import socket
from email.message import EmailMessage

numbers = itertools.count(1)


def letter(text: str = "It smokes.", **headers: str) -> EmailMessage:
    """Return an e-mail to the support address; names of headers have underscores for hyphens."""
    mail = EmailMessage()
    known = {
        "From": "Ada <ada@example.com>",
        "To": "support@example.com",
        "Subject": "Printer",
        "Message-ID": f"<{next(numbers)}@mail.example.com>",
    }
    for name, value in {**known, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail


def raw(text: str = "It smokes.", **headers: str) -> bytes:
    """Return an e-mail as bytes."""
    return letter(text, **headers).as_bytes()


def as_it_is(body: bytes, *headers: bytes) -> bytes:
    """Return an e-mail out of bytes, which no library has made right."""
    number = next(numbers)
    known = [b"From: Ada <ada@example.com>", b"To: support@example.com", b"Message-ID: <raw%d@example.com>" % number]
    return b"\r\n".join([*known, *headers]) + b"\r\n\r\n" + body


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
