"""The text beside the HTML of a message: what a page would show, with its links, whatever the template is made of."""

from __future__ import annotations

import time
from typing import Final

import pytest

from marketing.mail import links
from marketing.mail.messages import plain

LONGEST: Final = 100_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<head><title>T</title></head><style>p {}</style><p>Hello<script>x()</script></p>", "Hello"),
        ("<h1>Sale &amp; more</h1><p>Ada,<br>5 &lt; 6</p>", "Sale & more\nAda,\n5 < 6"),
        ('<a class="x" href="https://x.example/?a=1&amp;b=2" title="t">Go <i>on</i></a>', "Go on (https://x.example/?a=1&b=2)"),
        ("<a href='https://x.example/'>one</a> <a href=https://y.example/>two</a>", "one (https://x.example/) two (https://y.example/)"),
        ("<a name=top>Top</a>", "Top"),
        ("<ul><li>寒露<li>霜降</ul>", "寒露\n霜降"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table>", "1 2\n3"),
        ("<!--[if mso]>old<![endif]-->new", "new"),
        ("<p>never ended <b>bold", "never ended bold"),
        ("", ""),
    ],
)  # fmt: skip
def test_it_says_what_the_page_shows(html: str, text: str) -> None:
    assert plain(html) == text


@pytest.mark.parametrize("piece", ["<style ", "<title>", "<a ", "<a href=", "<a href='x'>", "<br ", "<!--", "<![", "<"])
def test_what_is_never_ended_takes_no_longer_than_what_is(piece: str) -> None:
    html = (piece * LONGEST)[:LONGEST]
    began = time.thread_time()
    plain(html)
    links.with_links(html, str)
    assert time.thread_time() - began < 2
