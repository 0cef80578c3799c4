"""What the pages of help show of the knowledge base: shelves, results, languages; each in few queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import get_language_info

from service.models import Article, Category
from service.rendering import as_snippet

if TYPE_CHECKING:
    from service.models.searching import ArticleQuerySet

SHOWN: Final = 6
A_PAGE: Final = 20
BESIDE: Final = 5
LISTED: Final = ("title", "slug", "summary", "language", "category")


def shelves(language: str, *, or_any: bool) -> list[tuple[Category, list[Article], bool]]:
    """Return each shelf that has something in a language, its first articles by title, and whether there are more.

    Where there is nothing in it at all, and `or_any`, what there is in any language. Two queries.
    """
    published = Article.objects.published()
    found = filled(published.in_language(language))
    return found or (filled(published) if or_any else [])


def filled(rows: ArticleQuerySet) -> list[tuple[Category, list[Article], bool]]:
    """Return the shelves that have some of these articles; an index has the first of each shelf at hand."""
    first = rows.filter(category=OuterRef("pk")).order_by("title", "id").values("pk")[: SHOWN + 1]
    known = list(Category.objects.annotate(first=ArraySubquery(first)).order_by("position", "id"))
    articles = Article.objects.only(*LISTED).in_bulk([key for shelf in known for key in shelf.first[:SHOWN]])
    return [
        (shelf, [articles[key] for key in shelf.first[:SHOWN]], len(shelf.first) > SHOWN)
        for shelf in known
        if shelf.first
    ]


def shelf_of(category: Category, language: str, number: int) -> tuple[list[Article], bool]:
    """Return a page of what stands on a shelf, what is in a language first, and whether there is more."""
    rows = Article.objects.published().filter(category=category).theirs_first(language, "title", "id")
    return a_page(rows.only(*LISTED), number)


def beside(article: Article) -> list[Article]:
    """Return some other articles of the same shelf and language."""
    rows = Article.objects.published().in_language(article.language).filter(category=article.category_id)
    return list(rows.exclude(pk=article.pk).order_by("title", "id").only(*LISTED)[:BESIDE])


def results_of(text: str, number: int) -> tuple[list[tuple[Article, str]], bool]:
    """Return a page of what answers a question, the best first, with the place in each; and whether there is more."""
    rows = Article.objects.published().search(text).best_first().with_snippet(text).select_related("category")
    found, has_more = a_page(rows.only(*LISTED, "category__name"), number)
    return [(one, as_snippet(one.snippet) or one.summary) for one in found], has_more


def a_page(rows: Any, number: int) -> tuple[list[Any], bool]:
    """Return a page of rows, and whether there is another."""
    start = (number - 1) * A_PAGE
    found = list(rows[start : start + A_PAGE + 1])
    return found[:A_PAGE], len(found) > A_PAGE


def languages_besides(language: str) -> list[tuple[str, str]]:
    """Return the other languages in which something is published, and what those who read them call them."""
    tags = set(Article.objects.published().order_by().values_list("language", flat=True).distinct())
    return [(tag, name_of(tag)) for tag in sorted(tags) if tag and not is_same(tag, language)]


def is_same(tag: str, language: str) -> bool:
    """Tell whether two tags name one language, in whatever script or country."""
    return tag.partition("-")[0].lower() == language.partition("-")[0].lower()


def name_of(tag: str) -> str:
    """Return what those who read a language call it; the tag where Django does not know."""
    for known in (tag.lower(), tag.partition("-")[0].lower()):
        try:
            return str(get_language_info(known)["name_local"])
        except KeyError:
            continue
    return tag
