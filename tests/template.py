"""A database with all tables, made once for each state of the migrations: tests begin with a copy of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from crm.database.base import LOCALE

PREFIX: Final = "template_"
MADE_OF: Final = ("*/migrations/*.py", "requirements.txt", ".python-version")
ONE_AT_A_TIME: Final = "SELECT pg_advisory_lock(hashtextextended('tests.template', 0))"  # until the connection closes
KNOWN: Final = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"


def template(server: dict[str, Any], connection: Connection[Any]) -> str:
    """Return the name of the database to copy; where it is missing, make it, and drop those of other states."""
    name = f"{PREFIX}{digest()}"
    connection.execute(ONE_AT_A_TIME)
    known = {row[0] for row in connection.execute(KNOWN, [PREFIX])}
    if name not in known:
        for one in known:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(one)))
        make(name, server, connection)
    return name


def digest() -> str:
    """Return what tells one state of the migrations from another."""
    made = hashlib.sha256()
    for pattern in MADE_OF:
        for path in sorted(Path(settings.BASE_DIR).glob(pattern)):
            made.update(path.read_bytes())
    return made.hexdigest()[:16]


def make(name: str, server: dict[str, Any], connection: Connection[Any]) -> None:
    """Make a database under another name, which it keeps until it is whole."""
    begun = sql.Identifier("unfinished")
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(begun))
    connection.execute(sql.SQL(f"CREATE DATABASE {{}} {LOCALE}").format(begun))
    url = make_conninfo(**server, dbname="unfinished")
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(command, check=True, env={**os.environ, "DATABASE_URL": url}, cwd=settings.BASE_DIR)  # noqa: S603 -- ours
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(begun, sql.Identifier(name)))
