"""How e-mail leaves, from the environment."""

from __future__ import annotations

from typing import Any, Final

from crm import environment

SMTPS: Final = 465  # the port of SMTP that is TLS from the start


def mailers(*, is_for_people: bool) -> dict[str, dict[str, Any]]:
    """Return Django's `MAILERS`: an SMTP server, the console for people who develop; none where neither is."""
    host, user = environment.text("EMAIL_HOST"), environment.text("EMAIL_USER")
    if not host:
        console = {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}
        return console if is_for_people else {}
    port = environment.number("EMAIL_PORT", 587)
    options = {
        "host": host,
        "port": port,
        "username": user,
        "password": environment.text("EMAIL_PASSWORD"),
        "use_ssl": port == SMTPS,
        "use_tls": bool(user) and port != SMTPS,
        "timeout": 30,
    }
    return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}
