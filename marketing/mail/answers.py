"""What a mail server meant by refusing a message: never, later, or that nobody knows."""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from crm.api.characters import without_control_characters
from crm.smtp import Unsent
from marketing.mail.dkim import Unsigned

LATER: Final = range(400, 500)  # RFC 5321, section 4.2.1
NEVER: Final = range(500, 600)
CLIENT_ERRORS: Final = range(400, 500)  # RFC 9110, section 15.5
TOO_MANY: Final = 429
ENHANCED: Final = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")  # RFC 3463
NO_MAILBOX: Final = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
NO_MAILBOX_CODES: Final = (550, 551, 553)  # RFC 5321, section 4.2.3
BLOCKED: Final = re.compile(r"block|spam|black|deny|denied|relay|policy|reject.*(?:ip|host)|reputation", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What was meant, and the words."""

    class Kind(Enum):
        LATER = "later"
        REFUSED = "refused"
        NO_ADDRESS = "no_address"
        SENDER = "sender"
        UNSENT = "unsent"
        UNKNOWN = "unknown"

    kind: Kind
    detail: str
    is_about_recipient: bool = False


def judged(error: Exception) -> Answer:
    """Return what an error of the mailer means, in words that the database can keep."""
    answer = meant_by(error)
    return replace(answer, detail=without_control_characters(answer.detail))


def meant_by(error: Exception) -> Answer:
    """Return what an error means; what is not plainly a refusal leaves open whether the message was taken."""
    if is_unsent(error):
        return Answer(Answer.Kind.UNSENT, text_of(error))
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()), (0, b""))
        return Answer(of_recipient(code, words(code, said)), words(code, said), is_about_recipient=True)
    if is_about_sender(error):
        return Answer(Answer.Kind.SENDER, text_of(error))
    if isinstance(error, smtplib.SMTPResponseException):
        return of_code(error.smtp_code, text_of(error))
    return of_other(error)


def of_other(error: Exception) -> Answer:
    """Return what an error means that is no answer of an SMTP server."""
    # Of what cannot be written nothing left this machine; that says nothing against the address.
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError) or is_refused_by_provider(error):
        return Answer(Answer.Kind.REFUSED, str(error), is_about_recipient=True)
    status = getattr(error, "status_code", None)  # of a provider's API
    if isinstance(status, int) and status in CLIENT_ERRORS:
        kind = Answer.Kind.LATER if status == TOO_MANY else Answer.Kind.REFUSED
        return Answer(kind, str(error), is_about_recipient=True)
    return Answer(Answer.Kind.UNKNOWN, f"{type(error).__name__}: {error}")


def is_unsent(error: Exception) -> bool:
    """Tell whether no server has the message, and none said anything against it or its recipient."""
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return error.smtp_code not in NEVER
    return isinstance(error, Unsent) or is_unconnected(error)


def is_unconnected(error: Exception) -> bool:
    """Tell whether a provider was not reached; the errors of its library name what they come from as a reason."""
    reason = getattr(next(iter(getattr(error.__cause__, "args", ())), None), "reason", None)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def is_about_sender(error: Exception) -> bool:
    """Tell whether every other message of the sender would fail alike."""
    kinds = smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError
    if isinstance(error, kinds):
        return error.smtp_code in NEVER
    return isinstance(error, Unsigned)


def text_of(error: Exception) -> str:
    """Return what an error says."""
    if isinstance(error, smtplib.SMTPResponseException):
        return words(error.smtp_code, error.smtp_error)
    return str(error)


def is_refused_by_provider(error: Exception) -> bool:
    """Tell whether a provider took the request but not its recipient."""
    from anymail.exceptions import AnymailRecipientsRefused

    return isinstance(error, AnymailRecipientsRefused)


def of_recipient(code: int, detail: str) -> Answer.Kind:
    """Return what the answer to a recipient means."""
    if code in LATER:
        return Answer.Kind.LATER
    return Answer.Kind.NO_ADDRESS if says_no_mailbox(code, detail) else Answer.Kind.REFUSED


def says_no_mailbox(code: int, detail: str) -> bool:
    """Tell whether an answer is about the address; what blocks the sender, or a full mailbox, says nothing of it."""
    enhanced = ENHANCED.search(detail)
    if enhanced is not None and enhanced[0] != "5.0.0":
        return enhanced[0] in NO_MAILBOX
    return code in NO_MAILBOX_CODES and BLOCKED.search(detail) is None


def of_code(code: int, detail: str) -> Answer:
    """Return what an answer of the SMTP server means."""
    if code in LATER:
        return Answer(Answer.Kind.LATER, detail)
    return Answer(Answer.Kind.REFUSED if code in NEVER else Answer.Kind.UNKNOWN, detail)


def words(code: int, said: bytes | str) -> str:
    """Return an answer as people read it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {text}".strip()
