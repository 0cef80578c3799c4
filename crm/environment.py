"""Reads settings from the environment; each may also stand in the file that NAME_FILE names."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """Return the value of NAME, or the content of the file that NAME_FILE names; the default where there is none."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            message = f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
            raise ImproperlyConfigured(message) from error
    return os.environ.get(name) or default


def flag(name: str, *, default: bool = False) -> bool:
    """Return whether NAME says true; refuse anything but true, false, 1, 0, yes, no, on and off."""
    value = text(name).lower()
    if value in {"", "true", "1", "yes", "on", "false", "0", "no", "off"}:
        return value in {"true", "1", "yes", "on"} if value else default
    message = f"{name} must be true or false, not {value!r}."
    raise ImproperlyConfigured(message)


def number(name: str, default: int, *, least: int | None = None) -> int:
    """Return the whole number that NAME says; refuse one below the least, where there is one."""
    value = text(name, str(default))
    try:
        found = int(value)
    except ValueError as error:
        message = f"{name} must be a whole number, not {value!r}."
        raise ImproperlyConfigured(message) from error
    if least is not None and found < least:
        message = f"{name} must be {least} or more, not {found}."
        raise ImproperlyConfigured(message)
    return found


def words(name: str, default: str = "") -> list[str]:
    """Return the comma-separated values of NAME."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
