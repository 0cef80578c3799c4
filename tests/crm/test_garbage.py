"""Every variable with garbage in it is answered by one line that names it, before anything starts."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from tests.crm.test_configuration import GOOD, ROOT, described, start

if TYPE_CHECKING:
    from collections.abc import Iterator

GARBAGE = "gar bage\x7f, \u2603!"
# What may be any text; why nothing can be wrong with it.
FREE = {
    "ATTACHMENTS_DIR": "a folder that is made",
    "ATTACHMENTS_S3_ACCESS_KEY": "a name that only the service knows",
    "ATTACHMENTS_S3_PREFIX": "any name of a folder in a bucket",
    "ATTACHMENTS_S3_SECRET_KEY": "a secret of the service",
    "DATA_DIR": "a folder that is made",
    "EMAIL_PASSWORD": "a secret of the server",
    "EMAIL_USER": "a name that only the server knows",
}
OTHERS = {
    "LOG_LEVEL": ["CHATTY"],
    "ATTACHMENTS_S3_ADDRESSING": ["sideways"],
    "DEFAULT_COUNTRY": ["XX", "Germany"],
    "TIME_ZONE": ["Mars/Olympus", "../etc/passwd", "/etc/passwd"],
    "EMAIL_BACKEND": ["no.such.Backend", "SMTP"],
    "EMAIL_OPTIONS": ["[]", "{"],
    "REPORTING_CURRENCY": ["EURO", "X" * 3],
    "ATTACHMENT_KINDS": ["pdf,exe"],
    "PORT": ["65536", "-1"],
    "THREADS": ["0"],
    "WEBHOOK_RETRIES": ["5,soon", "-5"],
    "CHANGE_DAYS": ["999999999999", "9" * 5000],
    "ACCESS_TOKEN_SECONDS": ["0", "\u0663"],
    "ERP_MAPPINGS": ["/no/such/folder"],
    "HOST": ["-", "http://127.0.0.1"],
    "IMAP_URL": ["mail.example.com", "https://mail.example.com"],
    "SECURITY_CONTACT": ["trust@example.com"],
    "BASE_URL": ["https://[", "crm.example.com", "https://crm.example.com:99999"],
    "JWT_KEYS": ["{}", '{"keys": []}'],
    "INITIAL_ACCESS_TOKEN": ["short"],
}
KEPT = {"DATABASES", "INSTALLED_APPS"}
CASES = sorted(
    {(name, GARBAGE) for name in described() if name not in FREE}
    | {(name, value) for name, values in OTHERS.items() for value in values}
)


def complaints(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[str]:
    """Yield what is said of a configuration as it is read and then judged."""
    for name in described():
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, **variables}.items():
        monkeypatch.setenv(name, value)
    try:
        found = runpy.run_path(str(ROOT / "crm" / "settings.py"))
    except ImproperlyConfigured as error:
        yield str(error)
        return
    names = {name: value for name, value in found.items() if name.isupper() and name not in KEPT}
    with override_settings(**names):
        yield from (item.msg for item in checks.run_checks(tags=[checks.Tags.security]) if item.is_serious())


def test_nothing_is_said_of_a_good_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(complaints(monkeypatch)) == []


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda text: repr(text)[:40])
def test_garbage_is_answered_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    found = list(complaints(monkeypatch, **{name: value}))
    assert [text for text in found if name in text], found
    assert all("\n" not in text for text in found)


@pytest.mark.parametrize("name", FREE)
def test_a_text_may_be_anything(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert list(complaints(monkeypatch, **{name: "gar bage, \u2603!"})) == []


def test_a_value_that_may_be_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = complaints(monkeypatch, IMAP_URL="imap4://user:pass-word@host")
    assert said == "IMAP_URL must be imaps://user:password@host/MAILBOX."


@pytest.mark.parametrize(("name", "value"), [("LOG_LEVEL", "CHATTY"), ("DKIM_KEY", "garbage"), ("HOST", "no host")])
@pytest.mark.parametrize("command", [("manage.py", "check"), ("-m", "gunicorn")], ids=["check", "gunicorn"])
def test_every_door_answers_in_a_line(command: tuple[str, ...], name: str, value: str) -> None:
    ended = start(*command, **{name: value, "PORT": "1"})
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr
