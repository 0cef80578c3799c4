"""Articles are found by their words and by parts of words, by the same question at each door."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Change
from service.models import Article
from service.rendering import as_snippet
from tests.plans import scanned
from tests.service.articles import published, titles
from tests.staff import page, signed_in, superuser

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    return titles(Article.objects.search(text).best_first())


def snippet(text: str) -> str:
    return as_snippet(Article.objects.search(text).with_snippet(text).get().snippet)


def test_the_title_counts_more_than_the_summary_and_that_more_than_the_text() -> None:
    published("Ink", "The printer takes it.", language="en")
    published("Paper", "A4.", summary="For the printer.", language="en")
    published("The printer", "It prints.", language="en")
    assert found("printer") == ["The printer", "Paper", "Ink"]


@pytest.mark.parametrize("text", ["printer", "printers", "PRINTERS", "print"])
def test_english_words_are_found_in_all_their_forms(text: str) -> None:
    published("Printers that smoke", language="en-GB")
    assert found(text) == ["Printers that smoke"]


def test_all_words_must_be_there_in_any_order() -> None:
    published("Smoke", "It comes from the printer.", language="en")
    published("Printer", "It prints.", language="en")
    assert found("printer smoke") == ["Smoke"]
    assert set(found("smoke or prints")) == {"Smoke", "Printer"}
    assert found("printer -smoke") == ["Printer"]
    assert found('"comes from the printer"') == ["Smoke"]


@pytest.mark.parametrize("text", ["打印机", "无法连接", "打印机 网络", "印", "a4 纸"])
def test_chinese_words_are_found_inside_sentences(text: str) -> None:
    published("打印机无法连接网络", "请检查A4纸张和网络设置。", language="zh-Hans")
    published("扫描仪", "机打印", language="zh-Hans")
    assert found(text)[0] == "打印机无法连接网络"


def test_chinese_characters_must_stand_side_by_side() -> None:
    published("机打印", "络 网", language="zh-Hans")
    assert found("打印机") == []
    assert found("网络") == []


@pytest.mark.parametrize("text", ["rinte", "PRÍNTER", "ｐｒｉｎｔ"])
def test_parts_of_words_are_found_without_case_accents_and_width(text: str) -> None:
    published("Vieille imprínter", language="fr")
    published("Sprinter", language="fr")
    assert set(found(text)) == {"Vieille imprínter", "Sprinter"}


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1", "\\", "\x1f", '"', "-", "<b>", "((", ":*&|!"])
def test_what_is_no_word_breaks_nothing(text: str) -> None:
    published("Ink", "Black.")
    assert found(text) in ([], ["Ink"])


@pytest.mark.parametrize("text", ["printer smoke", "rinte", "打印机"])
def test_a_search_reads_what_it_finds_whatever_is_asked(text: str) -> None:
    shelf = published("The printer smokes: 打印机").category
    same = {"body": "Black.", "state": "published", "published_at": timezone.now(), "category": shelf}
    Article.objects.bulk_create(Article(title=f"Ink {n}", slug=f"ink-{n}", **same) for n in range(1_000))
    assert scanned(Article.objects.search(text).order_by())["service_article"] <= 3


def test_the_place_is_marked_and_nothing_in_it_acts() -> None:
    published("Smoke", 'If the printer <script>alert("x")</script> smokes & "burns", unplug it.', language="en")
    text = snippet("smoking printer")
    assert "<mark>printer</mark>" in text
    assert "<mark>smokes</mark> &amp; &quot;burns&quot;" in text
    assert "<script" not in text


def test_what_was_escaped_does_not_act_either() -> None:
    published("Smoke", "&lt;img src=x onerror=alert(1)&gt; smokes \x02 \x03", language="en")
    assert snippet("smokes") == "&lt;img src=x onerror=alert(1)&gt; <mark>smokes</mark> <mark> </mark>"


def test_chinese_is_marked_whole_and_comes_as_it_was_written() -> None:
    published("网络", "请先重启路由器，然后检查打印机的设置。", language="zh-Hans")
    assert snippet("打印机") == "请先重启路由器,然后检查<mark>打印机</mark>的设置。"


def test_the_screens_and_the_api_ask_the_same(api_client: Any) -> None:
    published("Printers that smoke", language="en")
    published("打印机无法连接网络", language="zh-Hans")
    published("Ink", state="draft", language="en")
    user = superuser()
    client, screen = api_client(user, "service:read"), signed_in(user)
    for text in ("smoking", "rinter", "连接", "ink"):
        rows = client.get("/api/v1/articles", {"search": text, "fields": "title"}).json()["results"]
        listed = screen.get(page(Article, "changelist"), {"q": text}).context["cl"].result_list
        assert [one["title"] for one in rows] == titles(listed) == found(text) != []


def test_a_search_is_one_query_whatever_is_found(api_client: Any) -> None:
    client = api_client(superuser(), "service:read")
    published("Printer 1")
    client.get("/api/v1/articles", {"search": "printer"})
    for number in range(20):
        published(f"Printer {number + 2}")
    with CaptureQueriesContext(connection) as queries:
        assert len(client.get("/api/v1/articles", {"search": "printer"}).json()["results"]) == 21
    assert len(queries) == 2  # who asks, and what is found


def test_what_the_search_needs_is_in_no_answer_and_not_in_the_feed(api_client: Any) -> None:
    article = published("Ink")
    client = api_client(superuser(), "service:read")
    assert client.get(f"/api/v1/articles/{article.pk}").json().keys().isdisjoint({"words", "search_key", "rank"})
    after: Any = Change.objects.get(record=article.pk).after
    assert after.keys().isdisjoint({"words", "search_key"})
