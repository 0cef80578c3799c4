from __future__ import annotations

import base64
import quopri
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.mime import Unreadable
from service.mail.cleaning import safe_html, text_of
from service.mail.reading import read
from tests.service.letters import as_it_is, letter, raw


def html(text: str) -> bytes:
    mail = letter("")
    mail.set_content(text, subtype="html")
    return mail.as_bytes()


def test_an_e_mail_is_read() -> None:
    mail = read(raw("It smokes.", Cc="Boss <BOSS@example.com>", In_Reply_To="<a@b>", References="<x@y> <a@b>"))
    assert (mail.sender, mail.name, mail.subject, mail.text) == ("ada@example.com", "Ada", "Printer", "It smokes.")
    assert mail.recipients == "support@example.com, boss@example.com"
    assert mail.answers == ["<a@b>", "<a@b>", "<x@y>"]


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "big5", "utf-8", "hz", "iso-2022-cn"])
def test_chinese_is_read_in_every_character_set(charset: str) -> None:
    text = "打印機冒煙" if charset == "big5" else "打印机冒烟了"
    encoded = text.encode("hz" if charset == "iso-2022-cn" else charset)
    claimed = "hz-gb-2312" if charset in {"hz", "iso-2022-cn"} else charset
    subject = b"Subject: =?%s?B?%s?=" % (claimed.encode(), base64.b64encode(encoded))
    mail = read(as_it_is(encoded, b"Content-Type: text/plain; charset=%s" % claimed.encode(), subject))
    assert (mail.text, mail.subject) == (text, text)


def test_a_set_that_is_claimed_wrongly_or_not_at_all_is_guessed() -> None:
    body = "打印机冒烟了，请帮忙。".encode("gb18030")
    assert read(as_it_is(body, b"Content-Type: text/plain; charset=utf-8")).text == "打印机冒烟了，请帮忙。"
    assert read(as_it_is(body, b"Content-Type: text/plain; charset=nonsense")).text == "打印机冒烟了，请帮忙。"
    assert read(as_it_is("Grüße".encode())).text == "Grüße"


def test_a_subject_of_bare_bytes_is_read() -> None:
    assert read(as_it_is(b"x", b"Subject: " + "打印机".encode())).subject == "打印机"
    assert read(as_it_is(b"x", b"Subject: " + "打印机冒烟".encode("gb18030"))).subject == "打印机冒烟"


def test_html_alone_becomes_text_and_harmless_html() -> None:
    mail = read(
        html('<h1>Help</h1><p onclick="x()">It <b>smokes</b>.</p><script>alert(1)</script><img src="http://x/y">')
    )
    assert mail.text == "Help\n\nIt smokes."
    assert mail.html == "<h1>Help</h1><p>It <b>smokes</b>.</p>"


ACTING = ["<script", "onerror", "javascript:", "<iframe", "<form", "<img", "<style", "<svg", "<object", "<meta"]


@pytest.mark.parametrize(
    "attack",
    [
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        '<a href="jav&#x09;ascript:alert(1)">x</a>',
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        '<form action="https://evil.example"><input name=password></form>',
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data='data:text/html;base64,PHNjcmlwdD4='></object>",
        "<style>@import 'https://evil.example'</style>",
    ],
)
def test_nothing_in_html_acts(attack: str) -> None:
    found = safe_html(f"<p>Hello {attack}</p>").lower()
    tags = [part.split(">")[0] for part in found.split("<")[1:]]
    assert not [one for one in ACTING for tag in tags if one.strip("<") in f"<{tag}"[1:]]


def test_files_are_found_with_names_in_any_script() -> None:
    mail = letter("See there.")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="发票 2026.pdf")
    found = read(mail.as_bytes())
    assert [(one.name, one.content) for one in found.files] == [("发票 2026.pdf", b"%PDF-1.4")]


def test_a_message_in_a_message_is_a_file() -> None:
    mail = letter("Forwarded.")
    mail.add_attachment(letter("Inside."))
    (file,) = read(mail.as_bytes()).files
    assert file.name == "1.eml"
    assert b"Inside." in file.content


def test_encrypted_mail_is_known_as_such() -> None:
    kinds = (b"multipart/encrypted; boundary=x", b"application/pkcs7-mime; smime-type=enveloped-data")
    assert [read(as_it_is(b"...", b"Content-Type: " + kind)).is_encrypted for kind in kinds] == [True, True]


# After the public cases of malformed messages: of mimetorture, of Python's tracker, and of what spam has in it.
MALFORMED = {
    "no end": as_it_is(b"--x\r\n\r\nHello\r\n", b"Content-Type: multipart/mixed; boundary=x"),
    "no boundary": as_it_is(b"Hello", b"Content-Type: multipart/mixed"),
    "empty boundary": as_it_is(b"Hello", b'Content-Type: multipart/mixed; boundary=""'),
    "bad base64": as_it_is(b"SGVsbG8*!", b"Content-Transfer-Encoding: base64"),
    "unknown encoding": as_it_is(b"Hello", b"Content-Transfer-Encoding: x-none-of-these"),
    "uuencode": as_it_is(b"begin 644 x\nnot really", b"Content-Transfer-Encoding: x-uuencode"),
    "NUL": as_it_is(b"Hel\x00lo", b"Subject: a\x00b"),
    "bad word": as_it_is(b"Hello", b"Subject: =?utf-8?B?====?= =?x?q?=ZZ?="),
    "bad date": as_it_is(b"Hello", b"Date: yesterday"),
    "bad type": as_it_is(b"Hello", b"Content-Type: ;;;=/"),
    "bad name": as_it_is(b"Hello", b"Content-Disposition: attachment; filename*=utf-8'%ZZ"),
    "continued name": as_it_is(b"Hello", b"Content-Disposition: attachment; filename*0*=x''a; filename*2=b"),
    "group": as_it_is(b"Hello", b"Cc: undisclosed-recipients:;", b"Reply-To: <>"),
    "bare CR": as_it_is(b"Hello\rworld\n\rthere"),
    "long line": as_it_is(b"a" * 200_000),
    "header without colon": as_it_is(b"Hello", b"What is this"),
    "message without content": as_it_is(b"", b"Content-Type: message/rfc822"),
    "delivery status": as_it_is(b"\r\nAction: failed", b"Content-Type: message/delivery-status"),
    "surrogates": as_it_is(quopri.encodestring(b"\xed\xa0\x80Hello"), b"Content-Transfer-Encoding: quoted-printable"),
    "two froms": as_it_is(b"Hello", b"From: Eve <eve@example.com>"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_badly_made_is_read_all_the_same(name: str) -> None:
    mail = read(MALFORMED[name])
    assert mail.sender == "ada@example.com"
    assert "\x00" not in mail.text + mail.subject + mail.html
    assert (mail.text + mail.html + str(mail.files)).encode()


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"Subject: x\r\n\r\nHello", b"From: nobody\r\n\r\nHello"])
def test_what_has_no_sender_is_no_e_mail(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read(content)


def test_what_is_nested_beyond_measure_ends() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    try:
        found: Any = read(b"From: ada@example.com\r\n" + deep + b"\r\nHello")
    except Unreadable:
        return
    assert found.sender == "ada@example.com"


@given(st.binary(max_size=400), st.lists(st.binary(max_size=80), max_size=4))
@settings(deadline=None, max_examples=300)
def test_no_bytes_whatsoever_break_the_reader(body: bytes, headers: list[bytes]) -> None:
    content = as_it_is(body, *(b"Subject: " + one.replace(b"\r\n\r\n", b"") for one in headers))
    mail = read(content)
    (mail.text + mail.subject + mail.html).encode()
    assert "\x00" not in mail.text + mail.subject


def test_text_of_html_is_laid_out() -> None:
    assert text_of("<p>One</p><ul><li>two</li></ul>") == "One\n\n  * two"
