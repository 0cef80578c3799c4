"""PostgreSQL, the only database: a named server, or one that the project starts for itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from crm.database import timeouts

CONNECT = 5  # seconds


def settings_for(url: str, own: Path) -> dict[str, Any]:
    """Return Django's settings for the database at `url`; without one, for the project's own server in folder `own`.

    It has the timeouts of what this process is, unless `url` says others.
    """
    kept = {"ENGINE": "crm.database", "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    # Our statements are many and small: compiling one takes longer than running it.
    options = f"-c jit=off {timeouts.options(timeouts.timeouts()[timeouts.role()])}"
    session = {"application_name": program(), "connect_timeout": CONNECT, "options": options}
    if not url:
        return {**kept, "NAME": "crm", "OWN_SERVER": own, "OPTIONS": session}
    try:
        known = conninfo_to_dict(url)
    except ProgrammingError as error:
        message = "DATABASE_URL is not the address of a PostgreSQL database, postgresql://user:password@host/name."
        raise ImproperlyConfigured(message) from error
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    found = {name: known.pop(key, "") for name, key in names.items()}
    known["options"] = f"{options} {known.get('options', '')}".strip()
    return {**kept, **found, "NAME": found["NAME"] or "crm", "OPTIONS": session | known}


def program() -> str:
    """Return what PostgreSQL is told about who connects, such as `manage.py erp_pull`; at most 63 characters."""
    words = [Path(sys.argv[0]).name, *sys.argv[1:2]]
    return " ".join(word for word in words if not word.startswith("-"))[:63] or "python"
