"""What the CRM refuses to start with, through every door."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from crm import checks, environment, hosts

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

ROOT = Path(settings.BASE_DIR)
GOOD = {
    "SECRET_KEY": "Yq3vT8mJxW2nRk7cPz5dLh9sBf4gVa6tEu1wQo0iNyXbKjHpMrD",
    "BASE_URL": "https://crm.example.com",
    "DATABASE_URL": "postgresql://crm@127.0.0.1:1/crm",
}
KEPT = {"PATH", "HOME", "LANG"}
DULL = "a" * 60
UNREADABLE = {
    "no secret key": ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
    "no address": ({"BASE_URL": ""}, "BASE_URL is not set."),
    "another database": ({"DATABASE_URL": "mysql://crm@db/crm"}, "DATABASE_URL is not the address of a PostgreSQL"),
    "a missing file": ({"SECRET_KEY_FILE": "/missing"}, "SECRET_KEY_FILE names /missing, which cannot be read"),
}
UNSAFE: dict[str, tuple[dict[str, Any], str]] = {
    "sessions that end before they begin": ({"SESSION_IDLE_MINUTES": -1}, "SESSION_IDLE_MINUTES must be 0, for never"),
    "a short secret key": ({"SECRET_KEY": "short"}, "SECRET_KEY must be 50 or more random characters"),
    "a dull secret key": ({"SECRET_KEY": DULL}, "SECRET_KEY must be 50 or more random characters"),
    "a dull former key": (
        {"SECRET_KEY_FALLBACKS": [DULL]},
        "SECRET_KEY_FALLBACKS must be 50 or more random characters",
    ),
    "an address in the clear": ({"BASE_URL": "http://crm.example.com"}, "BASE_URL is not https"),
    "a link of no life": ({"TICKET_LINK_DAYS": -1}, "TICKET_LINK_DAYS must be 0 (for ever) or a number of days."),
    "too short a time to unsubscribe": (
        {"UNSUBSCRIBE_LINK_DAYS": 29},
        "UNSUBSCRIBE_LINK_DAYS must be 0 (for ever) or 30 and more",
    ),
    "an address with a path": ({"BASE_URL": "https://crm.example.com/crm"}, "BASE_URL must be https:// and a host"),
    "any host": ({"ALLOWED_HOSTS": ["crm.example.com", "*"]}, "ALLOWED_HOSTS contains *"),
    "another host": ({"ALLOWED_HOSTS": ["example.org"]}, "ALLOWED_HOSTS leaves out the host of BASE_URL"),
    "no database": ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
    "debugging in public": ({"DEBUG": True}, "DEBUG is on with a public BASE_URL"),
    "a guessable token": ({"METRICS_TOKEN": "short"}, "METRICS_TOKEN must be 16 or more characters"),
}


def start(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("COVERAGE_")}
    return subprocess.run(  # noqa: S603
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        env={**kept, **GOOD, **changes},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Configure production as it should be."""
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["crm.example.com"]
    for name, value in GOOD.items():
        setattr(settings, name, value)
    return settings


@pytest.mark.parametrize(("changes", "reason"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_command_refuses_what_it_cannot_read(changes: dict[str, str], reason: str) -> None:
    ended = start("manage.py", "check", **changes)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Configuration: {reason}")


@pytest.mark.parametrize(("changes", "reason"), UNSAFE.values(), ids=list(UNSAFE))
def test_what_is_unsafe_is_found(production: Settings, changes: dict[str, Any], reason: str) -> None:
    assert checks.configuration(None) == []
    for name, value in changes.items():
        setattr(production, name, value)
    assert [reason in item.msg for item in checks.configuration(None)] == [True]


def test_a_command_refuses_what_is_unsafe() -> None:
    ended = start("manage.py", "check", BASE_URL="http://crm.example.com")
    assert ended.returncode == 1
    assert "(crm.E002) BASE_URL is not https: passwords and tokens would travel in the clear." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("value", "message"), [("perhaps", "true or false, not 'perhaps'"), ("1", "")])
def test_a_flag_is_true_or_false(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("FLAG", value)
    with pytest.raises(ImproperlyConfigured, match=message) if message else nullcontext():
        assert environment.flag("FLAG") is True


def test_a_number_is_made_of_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "eighty")
    with pytest.raises(ImproperlyConfigured, match="NUMBER must be a whole number, not 'eighty'"):
        environment.number("NUMBER", 3)


def test_a_number_may_have_a_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "2")
    assert environment.number("NUMBER", 3, least=2) == 2
    with pytest.raises(ImproperlyConfigured, match="NUMBER must be a whole number from 3 to 2000000000, not '2'"):
        environment.number("NUMBER", 3, least=3)


def test_the_web_server_refuses_in_one_line() -> None:
    ended = start("-m", "gunicorn", PORT="1", BASE_URL="http://crm.example.com", SECRET_KEY="short")
    assert ended.returncode == 1
    line = ended.stderr.splitlines()[-1]
    assert line.startswith("Configuration: ")
    assert "BASE_URL is not https" in line
    assert "SECRET_KEY must be" in line


def test_the_web_server_refuses_to_start_without_static_files() -> None:
    ended = start("-m", "gunicorn", PORT="1", DATA_DIR="/missing")
    assert ended.returncode == 1
    assert ended.stderr.endswith("Static files are missing: run `manage.py collectstatic --no-input`.\n")


@pytest.mark.parametrize("module", ["crm.wsgi", "crm.asgi"])
def test_every_other_server_refuses_too(module: str) -> None:
    ended = start("-c", f"import {module}", BASE_URL="http://crm.example.com")
    assert ended.returncode == 1
    assert "ImproperlyConfigured: BASE_URL is not https" in ended.stderr


def test_nothing_is_wrong_with_a_production_configuration() -> None:
    ended = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", TRUSTED_PROXIES="1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "System check identified no issues (1 silenced).\n"


def test_an_https_address_without_a_proxy_is_warned_of_but_starts() -> None:
    ended = start("manage.py", "check", "--deploy")
    assert ended.returncode == 0
    assert "(crm.W001) BASE_URL is https, which a proxy before the CRM serves, but TRUSTED_PROXIES is 0" in ended.stderr
    assert "crm.W001" not in start("manage.py", "check").stderr


@pytest.mark.parametrize(("base", "count", "warnings"), [("https", 0, 1), ("https", 1, 0), ("http", 0, 0)])
def test_only_https_behind_no_named_proxy_is_warned_of(settings: Any, base: str, count: int, warnings: int) -> None:
    settings.IS_HTTPS, settings.TRUSTED_PROXIES = base == "https", count
    assert [one.id for one in checks.proxies(None)] == ["crm.W001"] * warnings


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    monkeypatch.setenv("SECRET", "from the environment")
    monkeypatch.setenv("SECRET_FILE", str(secret))
    assert environment.text("SECRET") == "from a file"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "")
    monkeypatch.setenv("FLAG", "")
    monkeypatch.setenv("WORDS", " one, ,two ")
    assert environment.number("NUMBER", 3) == 3
    assert environment.flag("FLAG", default=True) is True
    assert environment.words("WORDS") == ["one", "two"]


def test_servers_say_everything_that_is_wrong_at_once(settings: Settings) -> None:
    settings.BASE_URL = "http://crm.example.com"
    settings.ALLOWED_HOSTS = [".example.com", "*"]
    with pytest.raises(ImproperlyConfigured, match=r"not https: .* ALLOWED_HOSTS contains \*"):
        checks.refuse_unsafe()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_has_several_names(host: str) -> None:
    assert hosts.is_loopback(host)


def described() -> list[str]:
    """Return every variable that the documentation has."""
    return re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "configuration.md").read_text("utf-8"), re.MULTILINE)


def test_every_variable_is_described() -> None:
    others = ("crm/attachments/settings.py", "crm/database/timeouts.py", "crm/mail.py")
    files = ("crm/settings.py", "gunicorn.conf.py", *others)
    sources = [ROOT / name for name in files]
    found = {
        name
        for path in sources
        for name in re.findall(r"environment\.\w+\(\s*[\"'](\w+)[\"']", path.read_text("utf-8"))
    }
    assert set(described()) == found


@pytest.mark.parametrize(
    ("given", "subdomains", "preload"),
    [
        ({}, "True", "False"),
        ({"HSTS_PRELOAD": "true"}, "True", "True"),
        ({"HSTS_SUBDOMAINS": "no"}, "False", "False"),
    ],
)
def test_what_browsers_are_asked_to_remember_is_configured(
    given: dict[str, str], subdomains: str, preload: str
) -> None:
    said = start("manage.py", "diffsettings", "--all", **given).stdout
    assert f"SECURE_HSTS_INCLUDE_SUBDOMAINS = {subdomains}" in said
    assert f"SECURE_HSTS_PRELOAD = {preload}" in said
