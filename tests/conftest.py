"""What every test may ask for."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import TransactionTestCase

from tests.clients import JSONClient
from tests.resetting import keep, put_back
from tests.template import template

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from crm.models import Team, User

numbers = count(1)


@pytest.fixture
def make_team(db: None) -> Callable[..., Team]:
    """Make a team of a name."""
    from crm.models import Team

    def make(name: str = "") -> Team:
        return Team.objects.create(name=name or f"Team {next(numbers)}")

    return make


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a colleague in a role."""
    from django.contrib.auth.models import Group

    from crm.models import User

    def make(role: str | None = None, team: Team | None = None, **fields: Any) -> User:
        fields.setdefault("username", f"user{next(numbers)}")
        user = User.objects.create_user(team=team, **fields)
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def integration(make_user: Callable[..., User]) -> User:
    """Return the account of a program that sees and changes everything."""
    return make_user("Integration")


@pytest.fixture
def token_for(db: None) -> Callable[..., str]:
    """Sign a person in, with scopes, and return the access token."""
    from crm.auth.sessions import begin

    def sign_in(user: User, *scopes: str) -> str:
        return begin(user=user, scopes=scopes).access_token

    return sign_in


@pytest.fixture
def api_client(token_for: Callable[..., str]) -> Callable[..., Client]:
    """Return a client that calls the API for a person, with scopes; it sends JSON unless told otherwise."""

    def make(user: User, *scopes: str) -> Client:
        return JSONClient(headers={"Authorization": f"Bearer {token_for(user, *scopes)}"})

    return make


@pytest.fixture
def client_without_token(db: None) -> Client:
    """Return a client that calls the API for nobody."""
    return JSONClient()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let the project's own server, which holds nothing of value here, forget to write to disk, and copy a database."""
    if settings.DATABASE_URL:
        return
    from psycopg import connect

    from crm.database.base import own_server

    server = own_server(str(settings.DATA_DIR / "postgres"))
    with connect(**server, dbname="crm", autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = template(server, connection)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Remember what a new database holds, for the tests that commit."""
    with django_db_blocker.unblock():
        keep()
    TransactionTestCase._fixture_teardown = put_back  # type: ignore[attr-defined]  # there is no other hook


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a test was skipped and nobody is there to notice."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    """Hash passwords fast: they guard nothing here; and let no thread of a server keep the database in use."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
