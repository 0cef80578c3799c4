"""E-mails that are badly made, or made to hurt."""

from __future__ import annotations

import time

import pytest

from crm.mime import Unreadable
from service.mail.reading import read
from tests.service.letters import as_it_is

HTML = b"Content-Type: text/html"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one) for one in range(300))


def from_(value: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"From: " + value, b"To: support@example.com", *headers]) + b"\r\n\r\nx"


@pytest.mark.parametrize("header", [b"Subject", b"References", b"X-Anything"])
def test_a_header_that_is_no_base64_is_read_as_it_stands(header: bytes) -> None:
    mail = read(as_it_is(b"x", header + b": =?utf-8?b?a?="))
    assert (mail.sender, mail.headers[header.decode().lower()]) == ("ada@example.com", "=?utf-8?b?a?=")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"=?utf-8?Q?M=C3=BCller=2C_Hans?= <hans@firm.example>", "Müller, Hans"),
        (b'"M, H" <hans@firm.example>', "M, H"),
        (b"Lovelace, Hans <hans@firm.example>", "Hans"),
        (b"hans@firm.example, eve@evil.example", ""),
        (b"=?utf-8?q?ada=40example.com_=28?= <hans@firm.example>", "ada@example.com ("),
        (b"=?utf-8?q?ada=40example.com=2C?= <hans@firm.example>", "ada@example.com,"),
        (b"ada@example.com <hans@firm.example>", ""),
    ],
)
def test_a_sender_is_whose_address_it_is_whatever_the_name_says(value: bytes, name: str) -> None:
    mail = read(from_(value))
    assert (mail.sender, mail.name, mail.reply_to) == ("hans@firm.example", name, "hans@firm.example")


def test_recipients_with_a_comma_in_a_name_are_found() -> None:
    mail = read(
        b"From: a@b.example\r\nTo: =?utf-8?Q?Support=2C_Team?= <support@example.com>, Eve <e@x.example>\r\n\r\nx"
    )
    assert mail.recipients == "support@example.com, e@x.example"


@pytest.mark.parametrize("header", [b"Sender: Ada <ada@example.com>", b"Return-Path: <ada@example.com>"])
def test_without_a_from_the_next_best_address_is_the_senders(header: bytes) -> None:
    assert read(from_(b"", header)).sender == "ada@example.com"


def test_an_answer_goes_to_an_address_that_can_have_it() -> None:
    assert read(from_(b"ada@example.com", b"Reply-To: nobody@@x, a b@c")).reply_to == "ada@example.com"
    assert read(from_(b"ada@example.com", b"Reply-To: nowhere@intranet, A <a@b.example>")).reply_to == "a@b.example"


@pytest.mark.parametrize(
    "content",
    [
        as_it_is(b"x", b"Content-Type: text/plain" + b";" * 1_000_000),
        as_it_is(b"x", b"To: " + b"[" * 2_000_000),
        as_it_is(b"x", b"Subject: " + b"=?utf-8?q?a?= " * 140_000),
        as_it_is(b"x", *(b"X-%d: " % one + b"=?utf-8?q?a" * 4500 for one in range(100))),
        as_it_is(b"x", *(b"X-%d: ?=\x0b" % one + b"=?utf-8?q?a" * 4500 + b"\x0b?=" for one in range(100))),
        as_it_is(b"a" * 500_000 + b"-" + b"9zz8" * 125_000, b"Content-Type: text/plain; charset=punycode"),
        as_it_is(b"<div>" * 200_000, HTML),
        as_it_is(b"<ul><li>x" * 100_000, HTML),
        as_it_is(b"<table><tr>" + b"<td>x" * 190_000, HTML),
        as_it_is(b"<table><tr><td>" + b"x" * 400_000 + b"<td>" + b"y<br>" * 50_000, HTML),
    ],
    ids=[
        "parameters",
        "addresses",
        "words",
        "endless words",
        "lines of words",
        "punycode",
        "depth",
        "lists",
        "columns",
        "rows",
    ],
)
def test_what_is_made_to_take_for_ever_is_read_in_good_time(content: bytes) -> None:
    start = time.thread_time()
    assert read(content).sender == "ada@example.com"
    assert time.thread_time() - start < 20


@pytest.mark.parametrize("body", [b"--q\r\n\r\nx\r\n" * 100_000, NESTED + b"\r\n" + b"x\r\n" * 100_000])
def test_parts_beyond_measure_are_refused(body: bytes) -> None:
    with pytest.raises(Unreadable, match="too many parts"):
        read(as_it_is(body, b"Content-Type: multipart/mixed; boundary=q"))


def test_text_that_cannot_be_laid_out_keeps_its_words() -> None:
    cells = b"".join(b"<tr><td>row %d &amp; <b>more</b>" % one for one in range(30_000))
    assert read(as_it_is(b"<table>" + cells, HTML)).text.startswith("row 0 & more\nrow 1 & more\n")
    assert read(as_it_is(b"<div>" * 2000 + b"Deep &lt;<b>text</b>", HTML)).html == "Deep &lt;text"
