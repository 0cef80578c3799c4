"""Measures and prints the table: `python -m tests.perf [--json]`."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {
    "DEBUG": "true",
    "DATA_DIR": str(ROOT / ".data" / "perf"),
    "DJANGO_SETTINGS_MODULE": "crm.settings",
    "ACCESS_TOKEN_SECONDS": "86400",
    "RATE_LIMIT_USER": "1000000000",
    "RATE_LIMIT_APPLICATION": "1000000000",
    "LOG_LEVEL": "WARNING",
}


def client(token: str) -> Callable[..., bytes]:
    """Return a function that sends a request through the WSGI application of this process."""
    from django.core.handlers.wsgi import WSGIHandler

    application = WSGIHandler()

    def send(method: str, path: str, query: str = "", body: Any = None, *, is_raw: bool = False) -> bytes:
        content = b"" if body is None else orjson.dumps(body)
        environment = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            **({} if is_raw else {"HTTP_AUTHORIZATION": f"Bearer {token}"}),
        }
        status: list[str] = []
        answer = b"".join(application(environment, lambda line, _headers: status.append(line)))  # type: ignore[arg-type]
        if not status[0].startswith("2"):
            raise RuntimeError(status[0], answer)
        return answer

    return send


def main() -> None:
    """Set up the database, measure, print."""
    os.environ.update(SETTINGS)
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    settings.DEBUG = False
    from crm.auth.sessions import begin
    from tests.perf import cases, data, limits, sales, service, startup

    user = data.seller()
    data.make_rows(user)
    limits.install(user)
    scopes = ("customers:read", "customers:write", "changes:read", "tasks:read", "sales:read")
    send = client(begin(user=user, scopes=scopes).access_token)
    rows = [*cases.api(send), *sales.cases(send, user), *service.cases(), startup.start_up()]
    if "--json" in sys.argv:
        sys.stdout.write(orjson.dumps([vars(row) for row in rows], option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for row in rows:
        mark = "reached" if row.is_reached else "missed"
        sys.stdout.write(f"{row.work:52} {row.figure:>9}  goal {row.goal:>9}  {mark:8} ({row.limit})\n")


if __name__ == "__main__":
    main()
