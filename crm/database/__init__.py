"""PostgreSQL, the only database: a named server, or one that the project starts for itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def settings_for(url: str, own: Path) -> dict[str, Any]:
    """Return Django's settings for the database at `url`; without one, for the project's own server in folder `own`."""
    kept = {"ENGINE": "crm.database", "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    name = {"application_name": program()}
    if not url:
        return {**kept, "NAME": "crm", "OWN_SERVER": own, "OPTIONS": name}
    try:
        known = conninfo_to_dict(url)
    except ProgrammingError as error:
        message = "DATABASE_URL is not the address of a PostgreSQL database, postgresql://user:password@host/name."
        raise ImproperlyConfigured(message) from error
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    found = {name: known.pop(key, "") for name, key in names.items()}
    return {**kept, **found, "NAME": found["NAME"] or "crm", "OPTIONS": name | known}


def program() -> str:
    """Return what PostgreSQL is told about who connects, such as `manage.py erp_pull`; at most 63 characters."""
    words = [Path(sys.argv[0]).name, *sys.argv[1:2]]
    return " ".join(word for word in words if not word.startswith("-"))[:63] or "python"
