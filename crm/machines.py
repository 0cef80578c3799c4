"""Tells what machines send from what people write (RFC 3834), so that no two of them talk to each other for ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Mail(Protocol):
    """What is looked at of an e-mail: its headers by their names in small letters, what it is, and who sent it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its headers."""

    @property
    def content_type(self) -> str:
        """What it is."""

    @property
    def sender(self) -> str:
        """Address of who sent it."""


class Reporting(Mail, Protocol):
    """An e-mail of which reports on others are read too."""

    @property
    def report_type(self) -> str:
        """What a report is about, such as `delivery-status`; empty where it is none."""

    @property
    def reports(self) -> Sequence[str]:
        """What it says of each message, as RFC 3464 has it."""


ROBOTS: Final = re.compile(r"\A(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+.-].*)?@", re.IGNORECASE)
SYSTEMS: Final = re.compile(r"\A(mailer-daemon|postmaster)([+.-].*)?@", re.IGNORECASE)
ACTION: Final = re.compile(r"^Action:[ \t]*([a-z]+)", re.IGNORECASE | re.MULTILINE)
ANSWERS: Final = ("x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-reply-from")
BULK: Final = {"bulk", "junk", "list", "auto_reply"}


def is_report(mail: Mail) -> bool:
    """Tell whether a mail system reports on a message: whether it arrived (RFC 3464), was read (RFC 8098) or so."""
    return mail.content_type == "multipart/report" or mail.headers.get("return-path", "-") == "<>"


def is_bounce(mail: Reporting) -> bool:
    """Tell whether a mail system says that something did not arrive, for good.

    Word that it is late, arrived or was read says nothing of the kind, nor does somebody who is away.
    """
    if mail.content_type == "multipart/report" and mail.report_type != "delivery-status":
        return False
    actions = {one.lower() for one in ACTION.findall(" ".join(mail.reports))}
    return "failed" in actions if actions else is_report(mail) and bool(SYSTEMS.match(mail.sender))


def is_answer(mail: Mail) -> bool:
    """Tell whether a program answered by itself, such as one that says that somebody is away."""
    submitted = mail.headers.get("auto-submitted", "no").lower()
    return (
        submitted.startswith("auto-replied")
        or any(name in mail.headers for name in ANSWERS)
        or mail.headers.get("precedence", "").lower() == "auto_reply"
    )


def is_automatic(mail: Mail) -> bool:
    """Tell whether no person is there who would read an automatic answer (RFC 3834, section 2)."""
    return (
        is_report(mail)
        or is_answer(mail)
        or mail.headers.get("auto-submitted", "no").lower().split(";")[0].strip() != "no"
        or mail.headers.get("precedence", "").lower() in BULK
        or "list-id" in mail.headers
        or "x-auto-response-suppress" in mail.headers
        or bool(ROBOTS.match(mail.sender))
    )
