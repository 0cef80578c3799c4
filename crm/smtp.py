"""Mail by SMTP that knows whether a message may have been taken, and waits for no server for long.

Until the line that ends a message's data was sent, no server may deliver it (RFC 5321, sections 4.1.1.4 and 4.1.1.10):
what breaks before is unsent, and may be sent again.
"""

from __future__ import annotations

import io
import re
import smtplib
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core.mail.backends.smtp import EmailBackend as DjangoEmailBackend

if TYPE_CHECKING:
    from collections.abc import Buffer

    from django.core.mail import EmailMessage

GO_ON: Final = 354  # RFC 5321, section 4.2.3
REFUSALS: Final = range(400, 600)
LEAVING: Final = 421
WHOLE: Final = 90.0  # seconds from the first word to the last line of the data, whatever the server says meanwhile
FAREWELL: Final = 2.0
REST: Final = 30.0
LONGEST_REPLY: Final = 65_536
PIECE: Final = 65_536
FIRST_DOT: Final = re.compile(rb"(?m)^\.")


class Unsent(OSError):
    """A message did not leave, and nothing is said against it: the conversation broke before its data ended."""


class Reply(io.RawIOBase):
    """What a server says, until a moment at the latest and so much at most, however slowly it comes."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        """Read from a connection."""
        self.connection = connection
        self.until = until
        self.left = LONGEST_REPLY

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read what is there; raise TimeoutError once it is late, or endless."""
        seconds = self.until - time.monotonic()
        if seconds <= 0 or self.left <= 0:
            text = "timed out"
            raise TimeoutError(text)
        self.connection.settimeout(seconds)
        count = self.connection.recv_into(buffer)
        self.left -= count
        return count


class Conversation(smtplib.SMTP):
    """SMTP whose every answer is awaited for `timeout` seconds, and that notes when a message is out of our hands."""

    is_out_of_hand = False

    def __init__(self, *args: Any, **options: Any) -> None:
        """Connect."""
        self.until = time.monotonic() + WHOLE
        super().__init__(*args, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connection = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # not in the stubs
        # Else the short line that ends a message would wait until the server has acknowledged the rest.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def moment(self) -> float:
        """Return until when the server may take for what it does now."""
        return min(time.monotonic() + float(self.timeout), self.until)

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's answer; raise SMTPServerDisconnected where it is late."""
        if self.sock is not None:
            if self.file is None:
                self.file = io.BufferedReader(Reply(self.sock, 0))
            self.file.raw.until, self.file.raw.left = self.moment(), LONGEST_REPLY
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send piece by piece; raise SMTPServerDisconnected where the server does not take it in time."""
        content = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        until = self.moment()
        for start in range(0, len(content), PIECE):
            seconds = until - time.monotonic()
            if seconds <= 0:
                self.close()
                text = "The server takes nothing."
                raise smtplib.SMTPServerDisconnected(text)
            if self.sock is not None:
                self.sock.settimeout(seconds)
            super().send(content[start : start + PIECE])

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send a message and return the answer to it; raise SMTPDataError where the server wants no data."""
        self.putcmd("data")
        code, said = self.getreply()
        if code != GO_ON:
            raise smtplib.SMTPDataError(code, said)
        content = FIRST_DOT.sub(b"..", msg)
        self.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        self.is_out_of_hand = True
        self.until = float("inf")  # whoever waits for the last answer no longer knows more by giving up
        self.send(b".\r\n")
        return self.getreply()


class SecureConversation(Conversation, smtplib.SMTP_SSL):
    """The same over TLS from the start."""


class EmailBackend(DjangoEmailBackend):
    """Django's, that raises Unsent where a message did not leave, and asks no silent server twice within 30 seconds."""

    resting: ClassVar[dict[tuple[str, int], float]] = {}

    def __init__(self, *, timeout: float = 30, **options: Any) -> None:
        """Take how to reach the server, and the seconds in which it answers."""
        super().__init__(timeout=timeout, **options)

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Return how to talk to the server."""
        return SecureConversation if self.use_ssl else Conversation

    def open(self) -> bool | None:
        """Connect, greet and sign in; raise Unsent, or what the server said, where it does not let us in."""
        if self.connection is None and time.monotonic() < self.resting.get((self.host, self.port), 0.0):
            text = "The mail server did not answer a moment ago."
            raise Unsent(text)
        try:
            is_new = super().open()
            if is_new and self.connection is not None:
                self.connection.ehlo_or_helo_if_needed()
        except OSError as error:
            self.leave(error)
            if is_refusal(error):
                raise
            raise Unsent(words(error)) from error
        return is_new

    def close(self) -> None:
        """Leave; whatever the server says to that takes nothing back of what it took."""
        both: list[Any] = [self.connection, self._partial_connection]
        for connection in filter(None, both):
            connection.timeout, connection.until = FAREWELL, float("inf")
            with suppress(OSError):
                connection.quit()
            connection.close()
        self.connection = None
        self._partial_connection: Any = None

    def leave(self, error: OSError) -> None:
        """Close after an error; leave a server alone for a while that is silent, or does not let us in."""
        causes = (error, error.__cause__, error.__context__)
        if any(isinstance(one, TimeoutError | smtplib.SMTPAuthenticationError) for one in causes):
            self.resting[self.host, self.port] = time.monotonic() + REST
        both: list[Any] = [self.connection, self._partial_connection]
        for connection in filter(None, both):
            connection.close()
        self.connection = self._partial_connection = None

    def _send(self, email_message: EmailMessage) -> bool:
        talk: Any = self.connection
        talk.is_out_of_hand, talk.until = False, time.monotonic() + WHOLE
        try:
            return bool(super()._send(email_message))  # type: ignore[misc]  # not in the stubs
        except OSError as error:
            if talk.is_out_of_hand or is_refusal(error):
                raise
            self.leave(error)
            raise Unsent(words(error)) from error


def is_refusal(error: OSError) -> bool:
    """Tell whether a server said no, to whatever, by a code that it may use for that."""
    return bool(codes := codes_of(error)) and all(code in REFUSALS and code != LEAVING for code in codes)


def codes_of(error: OSError) -> list[int]:
    """Return what a server answered, by its codes: of several recipients to each."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _said in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def words(error: OSError) -> str:
    """Return what an error says."""
    return f"{type(error).__name__}: {error}"
