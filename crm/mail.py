"""How e-mail leaves, from the environment."""

from __future__ import annotations

import json
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from crm import environment

SMTPS: Final = 465  # the port of SMTP that is TLS from the start


def mailers(*, is_for_people: bool) -> dict[str, dict[str, Any]]:
    """Return Django's `MAILERS`: a provider's API, an SMTP server, the console for people who develop; or none."""
    backend = environment.matching("EMAIL_BACKEND", "", r"\w+(\.\w+)+", "the dotted name of a class")
    host, port = environment.host("EMAIL_HOST"), environment.number("EMAIL_PORT", 587, least=1, most=65_535)
    own_options, user = options_of_backend(), environment.text("EMAIL_USER")
    if backend:
        return {"default": {"BACKEND": backend, "OPTIONS": own_options}}
    if not host:
        console = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
        return console if is_for_people else {}
    options = {
        "host": host,
        "port": port,
        "username": user,
        "password": environment.text("EMAIL_PASSWORD"),
        "use_ssl": port == SMTPS,
        "use_tls": bool(user) and port != SMTPS,
        "timeout": 30,
    }
    return {"default": {"BACKEND": "crm.smtp.EmailBackend", "OPTIONS": options}}


def options_of_backend() -> dict[str, Any]:
    """Return what EMAIL_OPTIONS says, a JSON object such as `{"api_key": "…"}`."""
    try:
        options = json.loads(environment.text("EMAIL_OPTIONS", "{}"))
    except ValueError as error:
        message = "EMAIL_OPTIONS must be a JSON object."
        raise ImproperlyConfigured(message) from error
    if not isinstance(options, dict):
        message = "EMAIL_OPTIONS must be a JSON object."
        raise ImproperlyConfigured(message)
    return options


def apps() -> list[str]:
    """Return the application that the provider's library needs; none where mail leaves by SMTP."""
    return ["anymail"] if environment.text("EMAIL_BACKEND").startswith("anymail.") else []


def signing_key() -> tuple[str, str, str]:
    """Return domain, selector and private key by which messages are signed (DKIM, RFC 6376); empty for none."""
    return environment.host("DKIM_DOMAIN"), environment.host("DKIM_SELECTOR"), environment.text("DKIM_KEY")
