"""What broke before a message's data ended is unsent; only after that nobody knows."""

from __future__ import annotations

import smtplib
import time
from typing import Any

import pytest
from django.core.mail import EmailMessage, mailers

from crm.smtp import EmailBackend, Unsent
from tests.breaking import BEFORE, HOW, SHORT, breaking


def message(body: str = "Hello.") -> EmailMessage:
    return EmailMessage("Subject", body, "news@shop.example", ["ada@example.com"])


LONG = "a line of a message\n" * 1_000_000  # more than sockets hold while nobody reads
# A server that does not understand EHLO is greeted by HELO (RFC 5321, section 3.2).
CASES = [(step, how) for step in BEFORE for how in HOW if (step, how) != ("EHLO", "talks nonsense")]


@pytest.mark.parametrize(("step", "how"), CASES)
def test_what_breaks_before_the_data_ends_is_unsent_and_may_be_sent_again(settings: Any, step: str, how: str) -> None:
    with breaking(settings, step, how) as server:
        began = time.monotonic()
        with pytest.raises(Unsent):
            mailers.default.send_messages([message(LONG if step == "payload" else "Hello.")])
        assert time.monotonic() - began < SHORT * 4 + 5 * (step == "payload")  # which is long to write
        assert server.got == []
        server.step = ""
        EmailBackend.resting.clear()
        assert mailers.default.send_messages([message()]) == 1
        assert len(server.got) == 1


@pytest.mark.parametrize("how", ["closes", "hangs", "drips", "talks nonsense"])
def test_what_breaks_after_the_data_is_uncertain(settings: Any, how: str) -> None:
    with breaking(settings, "end", how) as server:
        with pytest.raises(smtplib.SMTPException) as told:
            mailers.default.send_messages([message()])
        assert not isinstance(told.value, Unsent)
        assert len(server.got) == 1


@pytest.mark.parametrize("how", HOW)
def test_whatever_a_server_says_to_a_farewell_it_has_the_message(settings: Any, how: str) -> None:
    with breaking(settings, "QUIT", how) as server:
        assert mailers.default.send_messages([message()]) == 1
        assert len(server.got) == 1


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("MAIL", "550 no", smtplib.SMTPSenderRefused),
        ("RCPT", "451 later", smtplib.SMTPRecipientsRefused),
        ("DATA", "554 no", smtplib.SMTPDataError),
        ("end", "452 full", smtplib.SMTPDataError),
    ],
)
def test_a_refusal_stays_what_the_server_said(settings: Any, step: str, answer: str, error: type[Exception]) -> None:
    with breaking(settings, step, answer), pytest.raises(error):
        mailers.default.send_messages([message()])


def test_a_server_that_is_silent_is_left_alone_for_a_while(settings: Any) -> None:
    with breaking(settings, "EHLO", "hangs"):
        with pytest.raises(Unsent):
            mailers.default.send_messages([message()])
        began = time.monotonic()
        with pytest.raises(Unsent, match="a moment ago"):
            mailers.default.send_messages([message()])
        assert time.monotonic() - began < SHORT


def test_lines_that_begin_with_a_dot_arrive_as_they_were_written(settings: Any) -> None:
    with breaking(settings) as server:
        mailers.default.send_messages([message(".\n..two\nlast")])
        assert server.got[0].endswith(b"\r\n\r\n..\r\n...two\r\nlast\r\n")


def test_an_endless_answer_is_given_up(settings: Any) -> None:
    with breaking(settings, "EHLO", "\r\n".join(["250-x" * 10] * 3000)), pytest.raises(Unsent):
        mailers.default.send_messages([message()])


def test_many_short_messages_leave_without_waiting_for_acknowledgements(settings: Any) -> None:
    with breaking(settings) as server:
        began = time.monotonic()
        assert mailers.default.send_messages([message("x" * 3000) for _number in range(50)]) == 50
        assert (len(server.got), time.monotonic() - began < 50 * 0.04) == (50, True)
