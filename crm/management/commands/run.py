"""Starts everything on this machine, for trying out and for development."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from psycopg.conninfo import make_conninfo

from crm import demonstration
from crm.hosts import in_address, reached_at
from crm.models import User

PATIENCE: Final = 60
GRACE: Final = 15
SCREEN: Final = """
  The CRM runs at {base}    Ctrl-C stops it.

  Staff site   {base}/admin/
  API          {base}/api/docs    {base}/api/redoc
"""
SIGN_IN: Final = """
  Sign in as   admin   (everything), emma (sales manager), lukas (sales representative), omar (service)
  password     {password}

  Try the API:
    TOKEN=$(curl -s -u {client}:{secret} -d grant_type=client_credentials {token} \\
      | sed 's/.*"access_token": *"\\([^"]*\\)".*/\\1/')
    curl -H "Authorization: Bearer $TOKEN" '{base}/api/v1/customers?limit=3'

  Remove the demonstration data:   DEBUG=true {python} manage.py demo_data --remove
"""


class Command(BaseCommand):
    help = "Start the database, bring it up to date, fill it with demonstration data if nobody can sign in, and serve."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="make no demonstration data")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("`run` is for trying out and developing; docs/operations.md says how to run production.")
        refuse_taken_port()
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), stop)
        self.prepare(wants_demo=not options["no_demo"])
        children = [subprocess.Popen(command, env=environment(), **GROUP) for command in commands()]  # noqa: S603 -- our own
        try:
            wait_until_ready(children)
            self.stdout.write(screen())
            watch(children)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping.")
        finally:
            end(children)

    def prepare(self, *, wants_demo: bool) -> None:
        """Bring the database up to date, and fill it while nobody could sign in."""
        self.stdout.write("Preparing the database …")
        logging.disable(logging.INFO)  # a new database has a lot to say
        call_command("migrate", verbosity=0, interactive=False)
        if wants_demo and not User.objects.exists():
            self.stdout.write("Adding demonstration data …")
            call_command("demo_data", stdout=self.stdout)
        logging.disable(logging.NOTSET)


GROUP: Final[dict[str, Any]] = {} if os.name == "nt" else {"start_new_session": True}


def stop(number: int, frame: Any) -> None:
    """Treat a signal to end like Ctrl-C."""
    raise KeyboardInterrupt


def refuse_taken_port() -> None:
    """Raise CommandError where another program listens already."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandError(f"HOST={settings.HOST} is no address of this machine: {error.strerror}.") from error
            reason = f"Port {settings.PORT} is taken by another program, perhaps another `make run`. "
            raise CommandError(reason + f"Choose another one: make run PORT={settings.PORT + 1}") from error


def environment() -> dict[str, str]:
    """Return the environment of the children, which share this process's database server."""
    known = connection.get_connection_params()
    place = {key: known[key] for key in ("host", "port", "user", "password") if known.get(key)}
    url = settings.DATABASE_URL or make_conninfo(**place, dbname=settings.DATABASES["default"]["NAME"])
    return {**os.environ, "DEBUG": "true", "PORT": str(settings.PORT), "DATABASE_URL": url, "WEB_CONCURRENCY": "1"}


def commands() -> list[list[str]]:
    """Return the commands of the web server and of the worker."""
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    if os.name == "nt":
        web = [*manage, "runserver", "--noreload", f"{in_address(settings.HOST)}:{settings.PORT}"]
    else:
        web = [sys.executable, "-m", "gunicorn", "--chdir", str(settings.BASE_DIR), "--reload"]
    return [web, [*manage, "worker"]]


def wait_until_ready(children: list[subprocess.Popen[bytes]]) -> None:
    """Return when web server and worker answer; raise CommandError where they do not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        refuse_ended(children)
        with suppress(OSError):
            server = HTTPConnection(reached_at(settings.HOST), settings.PORT, timeout=5)
            server.request("GET", "/readyz")
            if server.getresponse().status == 200:  # noqa: PLR2004 -- OK, RFC 9110, section 15.3.1
                return
        time.sleep(0.1)
    raise CommandError(f"The CRM did not get ready within {PATIENCE} seconds.")


def watch(children: list[subprocess.Popen[bytes]]) -> None:
    """Wait until a child ends by itself, which it should not."""
    while True:
        refuse_ended(children)
        time.sleep(0.5)


def refuse_ended(children: list[subprocess.Popen[bytes]]) -> None:
    """Raise CommandError where a child has ended."""
    if any(child.poll() is not None for child in children):
        raise CommandError("The web server or the worker has ended; its last lines stand above.")


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask the children to finish, and end those that do not."""
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def screen() -> str:
    """Say where to go and how to sign in."""
    from django.urls import reverse

    words = {
        "base": settings.BASE_URL,
        "password": demonstration.PASSWORD,
        "client": demonstration.CLIENT_ID,
        "secret": demonstration.CLIENT_SECRET,
        "token": settings.BASE_URL + reverse("oauth2_provider:token"),
        "python": os.path.relpath(sys.executable),
    }
    return (SCREEN + SIGN_IN if demonstration.has_accounts() else SCREEN).format(**words)
