"""Readers say whether an article helped them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from service.models import ArticleVote

if TYPE_CHECKING:
    from uuid import UUID

    from service.models import Article


class NotPublished(Exception):
    """An article that readers do not see has helped nobody."""


@transaction.atomic
def rate_article(*, article: Article, visitor: UUID, is_helpful: bool) -> None:
    """Note whether an article helped a reader; who says so again changes what they said.

    Raises NotPublished.
    """
    if not article.is_public:
        raise NotPublished(article.pk)
    said = ArticleVote(article=article, visitor=visitor, is_helpful=is_helpful, voted_at=timezone.now())
    ArticleVote.objects.bulk_create(
        [said],
        update_conflicts=True,
        unique_fields=["article", "visitor"],
        update_fields=["is_helpful", "voted_at"],
    )
