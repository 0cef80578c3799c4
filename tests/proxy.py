"""A way to the database that can be cut, as a restart or a broken network cuts it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """Hands connections on to a server, as long as it is open."""

    def __init__(self, host: str, port: str) -> None:
        self.target = f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, int(port))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.is_open = True
        self.pairs: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                inner, _address = self.listener.accept()
                if self.is_open:
                    self.join(inner)
                else:
                    inner.close()

    def join(self, inner: socket.socket) -> None:
        outer = socket.socket(socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET)
        outer.connect(self.target)
        self.pairs += [inner, outer]
        for one, other in ((inner, outer), (outer, inner)):
            threading.Thread(target=hand_on, args=(one, other), daemon=True).start()

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        self.is_open = False
        for one in self.pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.pairs = []

    def mend(self) -> None:
        """Take connections again."""
        self.is_open = True


def hand_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while found := one.recv(65536):
            other.sendall(found)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(known: dict[str, Any]) -> Iterator[Proxy]:
    """Open a way to the server of these parameters."""
    one = Proxy(str(known["host"]), str(known.get("port") or 5432))
    try:
        yield one
    finally:
        one.cut()
        one.listener.close()
