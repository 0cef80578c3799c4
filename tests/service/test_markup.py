"""What customers send as HTML is read with its form, and does nothing, loads nothing and hides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from service import actions
from service.mail.cleaning import safe_html
from service.markup import shown_html, shown_text
from service.models import TicketMessage
from tests.staff import colleague, page, signed_in, team

HOSTILE = """
<script>alert(1)</script><style>* { display: none }</style><base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=https://evil.example/"><link rel="stylesheet" href="https://evil.example/x.css">
<p onclick="alert(2)" style="position: fixed" class="ticket-error" id="split">Hello <b>you</b></p>
<img src="https://evil.example/pixel.gif" onerror="alert(3)"><img src="x" alt="<b>Lo&quot;go</b>">
<svg onload="alert(4)"><script>alert(5)</script></svg><math><mtext><style><img src=x onerror=alert(6)></style></math>
<form action="https://evil.example/"><input name="password"><button formaction="javascript:alert(7)">Go</button></form>
<iframe srcdoc="<script>alert(8)</script>"></iframe><object data="x"></object><embed src="x"><video src="x"></video>
<a href="javascript:alert(9)">one</a><a href=" JaVaScRiPt:alert(9)">two</a><a href="data:text/html,x">three</a>
<a href="https://example.com/" target="_self" rel="opener" onmouseover="alert(10)">four</a>
<table background="https://evil.example/x.png"><tr><td>cell</td></tr></table><template><img src=x></template>
"""
REL = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize("given", [HOSTILE, safe_html(HOSTILE)], ids=["as it came", "as it is kept"])
def test_of_hostile_html_only_words_and_harmless_form_stay(given: str) -> None:
    shown = shown_html(given)
    for bad in ("script", "alert", "evil", "style", "onclick", "onerror", "class=", "id=", "src", "<img", "<form"):
        assert bad not in shown.lower(), bad
    for bad in ("<input", "<button", "<iframe", "<object", "<embed", "<video", "<svg", "<base", "<meta", "data:"):
        assert bad not in shown.lower(), bad
    assert "<p>Hello <b>you</b></p>" in shown
    assert f'<a href="https://example.com/" {REL}>four</a>' in shown
    assert f"<a {REL}>one</a><a {REL}>two</a><a {REL}>three</a>" in shown


def test_a_picture_is_shown_as_its_words() -> None:
    assert shown_html('<img alt="<b>Lo&quot;go</b>" src="x">') == "<em>[picture: &lt;b&gt;Lo&quot;go&lt;/b&gt;]</em>"
    assert safe_html('<img alt="A plan" src="x"><img src="y"><img alt=" ">') == '<img alt="A plan">'


def test_what_is_quoted_at_the_end_is_folded() -> None:
    fold = '<details class="ticket-quoted"><summary>Quoted text</summary>'
    quote = "<blockquote>a<blockquote>b</blockquote></blockquote>"
    assert shown_html(f"<div>New{quote}</div><br>&nbsp;") == f"<div>New{fold}{quote}</details></div><br>&nbsp;"
    assert shown_html(f"{quote}Yes.") == f"{quote}Yes."
    text = "Fine.\n\nOn Monday Ada wrote:\n> It smokes.\n>\n> A.\n"
    assert shown_text(text) == f"Fine.{fold}On Monday Ada wrote:<br>&gt; It smokes.<br>&gt;<br>&gt; A.</details>"
    assert shown_text("> 1?\nYes.\n> 2?\nNo.") == "&gt; 1?<br>Yes.<br>&gt; 2?<br>No."
    assert shown_text("> only") == "&gt; only"


def test_a_text_is_escaped_and_its_links_are_alike() -> None:
    link = f'<a href="https://example.com/x" {REL}>https://example.com/x</a>'
    assert shown_text("<script>alert(1)</script>\nsee https://example.com/x") == (
        f"&lt;script&gt;alert(1)&lt;/script&gt;<br>see {link}"
    )


@pytest.mark.django_db
def test_the_thread_shows_a_message_with_its_form(opened: Any) -> None:
    ticket = opened()
    message = actions.receive_message(ticket=ticket, body="Plain", html=HOSTILE)
    assert TicketMessage.objects.get(pk=message.pk).html == HOSTILE
    client = signed_in(colleague("Service agent", team=team("Service")))
    text = client.get(page(ticket, "thread")).content.decode()
    assert "<p>Hello <b>you</b></p>" in text
    assert "evil.example" not in text
