"""What is measured of the knowledge base: searches among 20,000 articles, in English and in Chinese."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.db import connection

from crm.api.representation import RowJSON, shape_of
from service.api.knowledge import ArticleSerializer
from service.knowledge import results_of
from service.models import Article, Category
from tests.perf import data
from tests.perf.sales import against

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from crm.models import User
    from tests.perf.measure import Row

ARTICLES: Final = 20_000
# 3,000 words, of which low numbers are frequent; one article of three is in Chinese, of 2,000 characters likewise.
MAKE: Final = """
INSERT INTO service_article (id, created_at, updated_at, owner_id, team_id, custom, tags, category_id, title, slug,
 summary, body, language, state, published_at)
SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-b000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), now(), %(owner)s,
 %(team)s, '{}', '{}', %(category)s, substr(t.body, 1, 40), 'article-' || n, substr(t.body, 41, 100), t.body,
 CASE WHEN n %% 3 = 0 THEN 'zh-Hans' ELSE 'en' END, CASE WHEN n %% 10 = 0 THEN 'draft' ELSE 'published' END, now()
FROM (
 SELECT n, string_agg(CASE WHEN n %% 3 = 0 THEN chr(19968 + (2000 * random() ^ 3)::int)
  ELSE substr(md5((3000 * random() ^ 3)::int::text), 1, 7) || ' ' END, '') AS body
 FROM generate_series(1, %(rows)s) n, generate_series(1, 150) GROUP BY n) t
"""


def make_rows(user: User) -> None:
    """Fill the table unless it is full."""
    if Article.objects.count() >= ARTICLES:
        return
    shelf = Category.objects.create(name="All", owner=user, team=user.team)
    people = {"owner": user.pk, "team": user.team_id, "category": shelf.pk, "rows": ARTICLES}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(MAKE, people)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE service_article")


def agent() -> User:
    """Return the member of the service team who asks."""
    return data.member("benchmark-agent", "Benchmark service", "Service agent")


def cases(send: Callable[..., bytes], user: User) -> Iterator[Row]:
    """Measure searches over REST and on the page of help against the same SQL sent by hand."""
    make_rows(user)
    shape = shape_of(ArticleSerializer, None, frozenset())
    text = Article.objects.get(slug="article-1").body
    chinese = Article.objects.get(slug="article-3000").body
    words = {"two words": text[:15], "part of a word": text[41:46], "two Chinese characters": chinese[50:52]}
    for what, asked in words.items():
        rows = Article.objects.visible_to(user).search(asked).order_by("id").values_list(RowJSON(shape, user), "id")
        read, listed = functools.partial(rows_of, rows), {"search": asked}
        ours = functools.partial(send, "GET", "/api/v1/articles", urlencode(listed))
        yield against(f"articles over REST: {what}", read, ours, 0.5)
        found = functools.partial(results_of, asked, 1)
        page = functools.partial(send, "GET", "/help/", urlencode({"q": asked}), is_raw=True)
        yield against(f"page of help: {what}", found, page, 0.5)


def rows_of(rows: QuerySet[Any, Any]) -> list[Any]:
    """Read a page of the list."""
    return list(rows[:51])
