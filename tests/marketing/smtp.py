"""A mail server of our own, on this machine, that keeps what it takes."""

from __future__ import annotations

import email
import email.policy
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage


class Keeper:
    """Keeps the messages; `at_sender` and so on answer a sender, a recipient or a message otherwise."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, bytes]] = []
        self.at_sender: Callable[[], str] = lambda: "250 OK"
        self.at_recipient: Callable[[str], str] = lambda _address: "250 OK"
        self.at_message: Callable[[int], str] = lambda _number: "250 OK"

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        answer = self.at_sender()
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        answer = self.at_recipient(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        answer = self.at_message(len(self.got))
        if answer.startswith("250"):
            self.got.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        return answer

    @property
    def recipients(self) -> list[str]:
        """Who got a message, once for each."""
        return sorted(to for _from, to, _content in self.got)

    def message(self, number: int = 0) -> EmailMessage:
        """Return a message as a program of mail reads it."""
        return email.message_from_bytes(self.got[number][2], policy=email.policy.default)


@contextmanager
def serving() -> Iterator[tuple[Keeper, int]]:
    """Run the server; yield what it keeps, and its port."""
    keeper = Keeper()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield keeper, port
    finally:
        controller.stop()
