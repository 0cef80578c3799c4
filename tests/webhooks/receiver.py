"""A receiver of webhooks that can be told how to behave."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


@dataclass
class Receiver:
    """Keeps what it gets; `behave` returns the status, or does something else to the handler and returns 0."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    behave: Callable[[Any, int], int] = lambda _handler, _count: 200
    lock: Lock = field(default_factory=Lock)

    def changes(self) -> list[dict[str, Any]]:
        """Return the changes that came, in the order in which they did."""
        return [orjson.loads(body)["data"] for _headers, body in self.got]

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """Wait until so many messages have come, each counted once."""
        end = time.monotonic() + seconds
        while len({headers["webhook-id"] for headers, _body in self.got}) < count:
            assert time.monotonic() < end, f"only {len(self.got)} of {count} came"
            time.sleep(0.02)


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive at a port of this machine while the block runs, by https if so asked."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.lock:
                count = len(receiver.got)
            status = receiver.behave(self, count)
            if not status:
                return
            if 200 <= status < 300:
                with receiver.lock:
                    receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hook"
    yield receiver
    server.shutdown()
    server.server_close()
