"""What a mail server meant by refusing a message: never, later, or that nobody knows."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from enum import Enum
from typing import Final

LATER: Final = range(400, 500)  # RFC 5321, section 4.2.1
NEVER: Final = range(500, 600)
CLIENT_ERRORS: Final = range(400, 500)  # RFC 9110, section 15.5
TOO_MANY: Final = 429
FORBIDDEN: Final = "5.7."


@dataclass(frozen=True)
class Answer:
    """What was meant, and the words."""

    class Kind(Enum):
        LATER = "later"
        REFUSED = "refused"
        NO_ADDRESS = "no_address"
        SENDER = "sender"
        UNKNOWN = "unknown"

    kind: Kind
    detail: str
    is_about_recipient: bool = False


def judged(error: Exception) -> Answer:
    """Return what an error of the mailer means; what is not plainly a refusal leaves open whether it was taken."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (0, b""))
        return Answer(of_recipient(code, words(code, said)), words(code, said), is_about_recipient=True)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPAuthenticationError) and error.smtp_code in NEVER:
        return Answer(Answer.Kind.SENDER, words(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPResponseException):
        return of_code(error.smtp_code, words(error.smtp_code, error.smtp_error))
    # Nothing left this machine; that says nothing against the address, whose fault it may not even be.
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError):
        return Answer(Answer.Kind.REFUSED, str(error), is_about_recipient=True)
    status = getattr(error, "status_code", None)  # of a provider's API
    if isinstance(status, int) and status in CLIENT_ERRORS:
        kind = Answer.Kind.LATER if status == TOO_MANY else Answer.Kind.REFUSED
        return Answer(kind, str(error), is_about_recipient=True)
    return Answer(Answer.Kind.UNKNOWN, f"{type(error).__name__}: {error}")


def of_recipient(code: int, detail: str) -> Answer.Kind:
    """Return what the answer to a recipient means; what forbids (RFC 3463, class 7) says nothing of the address."""
    if code in LATER:
        return Answer.Kind.LATER
    return Answer.Kind.REFUSED if FORBIDDEN in detail else Answer.Kind.NO_ADDRESS


def of_code(code: int, detail: str) -> Answer:
    """Return what an answer of the SMTP server means."""
    if code in LATER:
        return Answer(Answer.Kind.LATER, detail)
    return Answer(Answer.Kind.REFUSED if code in NEVER else Answer.Kind.UNKNOWN, detail)


def words(code: int, said: bytes | str) -> str:
    """Return an answer as people read it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {text}".strip()
