"""Readers say whether an article helped: once each, as often as they change their minds."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.models import Change
from service import actions
from service.models import Article, ArticleVote
from tests.service.articles import published
from tests.staff import page, signed_in, superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(db: None) -> Article:
    return published("Ink", "Black.", slug="ink", language="en")


def said() -> list[bool]:
    return list(ArticleVote.objects.order_by("voted_at").values_list("is_helpful", flat=True))


def test_a_reader_votes_and_reads_thanks(article: Article) -> None:
    client = Client()
    answer = client.post("/help/ink", {"vote": "yes"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/help/ink?voted#helpful")
    cookie = client.cookies["help_reader"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/help/")
    text = client.get("/help/ink?voted").content.decode()
    assert ('role="status">Thank you.' in text, 'value="yes" aria-pressed="true"' in text) == (True, True)
    assert said() == [True]


def test_a_reader_who_changes_their_mind_has_one_vote(article: Article) -> None:
    client = Client()
    for vote in ("yes", "no", "no"):
        client.post("/help/ink", {"vote": vote})
    assert said() == [False]
    assert 'value="no" aria-pressed="true"' in client.get("/help/ink").content.decode()


def test_each_reader_and_each_article_counts_for_itself(article: Article) -> None:
    published("Paper", slug="paper")
    first, second = Client(), Client()
    for client, path in ((first, "ink"), (second, "ink"), (first, "paper")):
        client.post(f"/help/{path}", {"vote": "yes"})
    assert (ArticleVote.objects.count(), ArticleVote.objects.filter(article=article).count()) == (3, 2)
    assert ArticleVote.objects.values("visitor").distinct().count() == 2


def test_a_cookie_that_we_did_not_sign_is_nobody(article: Article) -> None:
    client = Client()
    client.post("/help/ink", {"vote": "yes"})
    visitor = ArticleVote.objects.get().visitor
    other = Client()
    other.cookies["help_reader"] = f"{visitor.hex}:x:forged"
    other.post("/help/ink", {"vote": "no"})
    assert said() == [True, False]


@pytest.mark.parametrize("vote", ["", "maybe", "True"])
def test_only_yes_and_no_are_votes(article: Article, vote: str) -> None:
    answer = Client().post("/help/ink", {"vote": vote})
    assert (answer.status_code, said()) == (422, [])


def test_nobody_votes_on_what_is_not_published(article: Article) -> None:
    Article.objects.update(state="draft")
    article.refresh_from_db()
    assert Client().post("/help/ink", {"vote": "yes"}).status_code == 404
    with pytest.raises(actions.NotPublished):
        actions.rate_article(article=article, visitor=article.pk, is_helpful=True)
    assert said() == []


def test_a_vote_from_elsewhere_is_none(article: Article) -> None:
    assert Client(enforce_csrf_checks=True).post("/help/ink", {"vote": "yes"}).status_code == 403
    assert said() == []


@pytest.mark.parametrize("limit", ["RATE_LIMIT_ADDRESS", "RATE_LIMIT_FORM"])
def test_votes_are_limited(article: Article, settings: Any, limit: str) -> None:
    setattr(settings, limit, 2)
    assert [Client().post("/help/ink", {"vote": "yes"}).status_code for _time in range(3)] == [302, 302, 429]
    assert said() == [True, True]


def test_votes_are_counted_in_the_api_and_on_the_screens(article: Article, api_client: Any) -> None:
    for vote in ("yes", "yes", "no"):
        Client().post("/help/ink", {"vote": vote})
    user = superuser()
    client = api_client(user, "service:read", "service:write")
    (row,) = client.get("/api/v1/articles").json()["results"]
    assert (row["helpful"], row["unhelpful"]) == (2, 1)
    assert client.patch(f"/api/v1/articles/{article.pk}", {"helpful": 9}).status_code == 400
    exported = b"".join(client.get("/api/v1/articles/export", {"fields": "helpful"}).streaming_content)
    assert exported == b"helpful\n2\n"
    listed = signed_in(user).get(page(Article, "changelist")).context["cl"].result_list[0]
    assert (listed.helpful, listed.unhelpful) == (2, 1)


def test_a_vote_is_no_change_of_the_article(article: Article, api_client: Any) -> None:
    client = api_client(superuser(), "service:read", "service:write")
    tag = client.get(f"/api/v1/articles/{article.pk}").headers["ETag"]
    Client().post("/help/ink", {"vote": "yes"})
    assert Change.objects.filter(record=article.pk).count() == 1
    answer = client.patch(f"/api/v1/articles/{article.pk}", {"title": "Toner"}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["helpful"]) == (200, 1)
