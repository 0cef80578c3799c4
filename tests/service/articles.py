"""Articles for tests."""

from __future__ import annotations

from typing import Any

from service.models import Article, Category
from tests.samples import make


def published(title: str, body: str = "", **more: Any) -> Article:
    """Make an article that readers see."""
    shelf = more.pop("category", None) or Category.objects.first() or make(Category, name="Devices")
    known = {"title": title, "body": body, "state": "published", "category": shelf, **more}
    found: Article = make(Article, **known)
    return found


def titles(rows: Any) -> list[str]:
    """Return the titles of articles in their order."""
    return [one.title for one in rows]
