"""The pages of help: whoever asks the web reads what is published, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from service.models import Category
from tests.samples import make
from tests.service.articles import published

pytestmark = pytest.mark.django_db


def get(path: str, language: str = "en", **headers: str) -> Any:
    return Client(headers={"accept-language": language, "accept": "text/html"}).get(path, headers=headers)


def text_of(path: str, language: str = "en") -> str:
    return str(get(path, language).content.decode())


def test_the_front_shows_shelves_in_order_with_what_is_published() -> None:
    late, early = make(Category, name="Invoices", position=2), make(Category, name="Devices", position=1)
    published("Ink", category=early, slug="ink", language="en")
    published("Secret", category=late, state="draft", language="en")
    published("Bills", category=late, language="en")
    make(Category, name="Empty", position=3)
    text = text_of("/help/")
    places = [text.index(word) for word in ("Devices", 'href="/help/ink"', "Invoices", "Bills")]
    assert places == sorted(places)
    assert "Secret" not in text
    assert "Empty" not in text


def test_readers_see_their_language_and_find_the_others() -> None:
    published("Ink", language="en")
    published("墨水", language="zh-Hans")
    published("Price 1", language="")
    chinese = text_of("/help/", "zh-CN,zh;q=0.9")
    assert ("墨水" in chinese, ">Ink<" in chinese, "Price 1" in chinese) == (True, False, True)
    assert '<html lang="zh-hans">' in chinese
    assert '<a href="/help/?language=en" lang="en" hreflang="en">English</a>' in chinese
    assert ">Ink<" in text_of("/help/?language=en", "zh-CN")


def test_who_finds_nothing_in_their_language_sees_what_there_is() -> None:
    published("Tinte", language="de")
    assert "Tinte" in text_of("/help/", "zh-CN")
    assert "Tinte" not in text_of("/help/?language=fr", "zh-CN")


def test_a_shelf_shows_all_of_it_page_by_page() -> None:
    shelf = make(Category, name="Devices")
    for number in range(23):
        published(f"Article {number:02}", category=shelf, language="en")
    front, address = text_of("/help/"), f"/help/?category={shelf.pk}"
    assert (front.count("Article "), f'href="{address}"' in front) == (6, True)
    first, second = text_of(address), text_of(f"{address}&page=2")
    assert (first.count(">Article "), second.count(">Article ")) == (20, 3)
    assert (f'href="{address}&amp;page=2" rel="next"' in first, 'rel="next"' in second) == (True, False)


def test_the_front_takes_as_many_queries_for_many_articles_as_for_one() -> None:
    counts = []
    for number in (1, 30):
        for one in range(number):
            published(f"{number}-{one}", category=make(Category, name=f"Shelf {number}-{one}"), language="en")
        with CaptureQueriesContext(connection) as queries:
            get("/help/")
        counts.append(len(queries))
    assert counts == [3, 3]


def test_an_article_is_a_page_that_search_engines_understand() -> None:
    published("Ink & paper", "Black.", slug="ink", summary='What "fits".', language="en")
    answer = get("/help/ink")
    text = answer.content.decode()
    assert "<title>Ink &amp; paper</title>" in text
    assert '<link rel="canonical" href="http://127.0.0.1:8000/help/ink">' in text
    assert '<meta name="description" content="What &quot;fits&quot;.">' in text
    assert ('<div class="help-text" lang="en">' in text, "X-Robots-Tag" in answer.headers) == (True, False)
    assert "<script" not in text


@pytest.mark.parametrize("path", ["/help/ink", "/help/none", "/help/a/b/c", "/help/?category=x"])
def test_what_is_not_published_is_not_there(path: str) -> None:
    published("Ink", "Black.", slug="ink", state="draft")
    answer = get(path)
    assert (answer.status_code, answer.headers["X-Robots-Tag"]) == (404, "noindex")
    text = answer.content.decode()
    assert ("<title>This page is not there</title>" in text, 'name="q"' in text, "Black." in text) == (
        True,
        True,
        False,
    )


def test_a_shelf_without_published_articles_is_not_there() -> None:
    shelf = make(Category, name="Secret")
    published("Ink", category=shelf, state="draft")
    answer = get(f"/help/?category={shelf.pk}")
    assert (answer.status_code, "Secret" in answer.content.decode()) == (404, False)


def test_text_is_shown_with_its_paragraphs_and_links_and_acts_on_nothing() -> None:
    published("Ink", "Press <Enter>.\n\nSee https://example.com/a?b=1&c=2.", slug="ink")
    text = text_of("/help/ink")
    assert "<p>Press &lt;Enter&gt;.</p>" in text
    assert '<a href="https://example.com/a?b=1&amp;c=2">' in text


def test_html_keeps_its_form_and_loses_what_could_act() -> None:
    body = '<h2>Ink</h2><p onclick="x()">a<script>alert(1)</script><img src=x onerror=alert(1)></p>'
    published("Ink", f'{body}<a href="javascript:alert(1)">b</a><a href="/help/paper">c</a><form>d</form>', slug="ink")
    text = text_of("/help/ink")
    kept = (
        '<h2>Ink</h2><p>a</p><a rel="noopener noreferrer">b</a><a href="/help/paper" rel="noopener noreferrer">c</a>d'
    )
    assert kept in text
    assert "alert" not in text


def test_a_search_shows_titles_and_places_the_best_first() -> None:
    published("Paper", "It fits each printer.", slug="paper", language="en")
    published("The printer", "It prints.", language="en")
    published("Secret printer", state="draft")
    text = text_of("/help/?q=printers")
    assert text.index(">The printer<") < text.index('<a href="/help/paper">Paper</a>')
    assert "<p>It fits each <mark>printer</mark>.</p>" in text
    assert "Secret" not in text
    assert get("/help/?q=printers").headers["X-Robots-Tag"] == "noindex, follow"


def test_a_search_finds_chinese_in_any_language_of_the_reader() -> None:
    published("打印机无法连接网络", "请重启打印机。", slug="net", language="zh-Hans")
    for language in ("en", "zh-CN"):
        text = text_of("/help/?q=%E6%89%93%E5%8D%B0", language)
        assert ('href="/help/net"' in text, "请重启<mark>打印</mark>机。" in text) == (True, True)


def test_a_search_that_finds_nothing_says_so_and_shows_what_was_typed_harmlessly() -> None:
    text = text_of("/help/?q=%3Cscript%3Ealert(1)%3C/script%3E%00&page=9999999")
    assert "Nothing was found." in text
    assert ("&lt;script&gt;" in text, "<script" in text) == (True, False)


def test_searches_are_limited_by_address_and_reading_is_not(settings: Any) -> None:
    settings.RATE_LIMIT_ADDRESS = 2
    published("Ink", slug="ink")
    assert [get("/help/?q=ink").status_code for _time in range(3)] == [200, 200, 429]
    assert [get(path).status_code for path in ("/help/", "/help/ink")] == [200, 200]


def test_browsers_ask_again_and_hear_that_nothing_changed() -> None:
    article, client = published("Ink", "Black.", slug="ink", language="en"), Client()
    first = client.get("/help/ink")
    assert (first.headers["Cache-Control"], first.headers["Vary"]) == ("private, no-cache", "Accept-Language, Cookie")
    again = {"If-None-Match": first.headers["ETag"]}
    assert (client.get("/help/ink", headers=again).status_code, client.get("/help/ink").status_code) == (304, 200)
    assert client.get("/help/ink", headers={**again, "Accept-Language": "zh-CN"}).status_code == 200
    article.body = "Blue."
    article.save()
    assert client.get("/help/ink", headers=again).status_code == 200
    assert "script-src 'self'" in first.headers["Content-Security-Policy"]
