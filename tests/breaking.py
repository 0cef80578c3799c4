"""A mail server that breaks off, falls silent or talks nonsense at one step of a conversation, and then recovers."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from crm.smtp import EmailBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

BEFORE: Final = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "payload")
HOW: Final = ("closes", "hangs", "drips", "talks nonsense", "leaves")
SHORT: Final = 0.4  # seconds that a client of the tests waits


class Breaking(socketserver.ThreadingTCPServer):
    """The server; `step` and `how` say where it goes wrong, `got` holds the messages that it took."""

    allow_reuse_address = True
    daemon_threads = True
    step = how = ""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Conversation)


class Conversation(socketserver.StreamRequestHandler):
    """One conversation."""

    def handle(self) -> None:
        """Talk until somebody leaves."""
        server: Any = self.server
        if not self.say("greeting", "220 here"):
            return
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if not self.say(word, "354 go on" if word == "DATA" else "250 OK"):
                return
            if word == "DATA":
                if server.step == "payload":
                    self.rfile.read(10)
                    self.say("payload", "")
                    return
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                server.got.append(content)
                if not self.say("end", "250 taken"):
                    return

    def say(self, step: str, answer: str) -> bool:
        """Answer at a step, as the server would or otherwise; return whether the conversation goes on."""
        server: Any = self.server
        if server.step != step:
            self.wfile.write(f"{answer}\r\n".encode())
            return True
        how = server.how
        if how == "hangs":
            time.sleep(SHORT * 4)
        elif how == "drips":
            self.drip()
        elif how == "talks nonsense":
            self.wfile.write(b"what?\r\n")
        elif how == "leaves":
            self.wfile.write(b"421 closing\r\n")
        elif how == "closes":
            self.connection.shutdown(socket.SHUT_RDWR)
        else:  # an answer of the test's
            self.wfile.write(f"{how}\r\n".encode())
        return how not in {"closes", "hangs", "drips", "leaves"}

    def drip(self) -> None:
        """Send a letter now and then, of an answer that never ends."""
        try:
            for _number in range(20):
                self.wfile.write(b"2")
                time.sleep(SHORT / 2)
        except OSError:
            return


@contextmanager
def breaking(settings: Any, step: str = "", how: str = "") -> Iterator[Breaking]:
    """Run the server, and let Django send through it."""
    server = Breaking()
    server.step, server.how = step, how
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    options = {"host": "127.0.0.1", "port": server.server_address[1], "timeout": SHORT}
    settings.MAILERS = {"default": {"BACKEND": "crm.smtp.EmailBackend", "OPTIONS": options}}
    EmailBackend.resting.clear()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
