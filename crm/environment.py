"""Reads settings from the environment; each may also stand in the file that NAME_FILE names."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_NUMBER: Final = 20
CENTURY: Final = 36_500  # days: what reaches further back than that, no calendar of Python's has room for
HOST: Final = r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
EMAIL: Final = r"[^@\s]+@([A-Za-z0-9.-]+|\[[0-9A-Za-z:.]+\])"


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


def number(name: str, default: int, *, least: int = 0, most: int = 2_000_000_000) -> int:
    """Return the whole number that NAME says; refuse what is none, or is outside of the bounds."""
    value = text(name, str(default))
    if not (value.isascii() and value.removeprefix("-").isdigit()):
        message = f"{name} must be a whole number, not {value!r}."
        raise ImproperlyConfigured(message)
    if len(value) > LONGEST_NUMBER or not least <= int(value) <= most:
        message = f"{name} must be a whole number from {least} to {most}, not {value!r}."
        raise ImproperlyConfigured(message)
    return int(value)


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """Return which of the choices NAME says, in whatever case; refuse anything else."""
    value = text(name, default)
    found = next((one for one in choices if one.lower() == value.lower()), None)
    if found is None:
        message = f"{name} must be one of {', '.join(choices)}, not {value!r}."
        raise ImproperlyConfigured(message)
    return found


def matching(name: str, default: str, pattern: str, meaning: str) -> str:
    """Return the value of NAME; refuse one that is there and does not match, saying what it must be."""
    value = text(name, default)
    if value and not re.fullmatch(pattern, value):
        message = f"{name} must be {meaning}."  # the value may be a secret
        raise ImproperlyConfigured(message)
    return value


def host(name: str, default: str = "") -> str:
    """Return the address or name of a machine that NAME says."""
    return matching(name, default, HOST, "the name or the IP address of a machine")


def words(name: str, default: str = "", *, pattern: str = ".+", meaning: str = "") -> list[str]:
    """Return the comma-separated values of NAME; refuse them where one does not match."""
    found = [word.strip() for word in text(name, default).split(",") if word.strip()]
    wrong = next((word for word in found if not re.fullmatch(pattern, word)), None)
    if wrong is not None:
        message = f"{name} must be {meaning}, with commas between, not {wrong!r}."
        raise ImproperlyConfigured(message)
    return found


def time_zone(name: str, default: str) -> str:
    """Return the time zone that NAME says."""
    value = text(name, default)
    try:
        return ZoneInfo(value).key
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        message = f"{name} must be a time zone of the IANA database such as Europe/Berlin, not {value!r}."
        raise ImproperlyConfigured(message) from error


def folder(name: str) -> str:
    """Return the path of the folder that NAME says, which must be there; empty where there is none."""
    value = text(name)
    if value and not Path(value).is_dir():
        message = f"{name} names {value}, which is no folder."
        raise ImproperlyConfigured(message)
    return value
