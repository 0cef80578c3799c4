"""Whether articles help those who read them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from service.models.articles import Article


# No Record, and no counter on the article: each click of a visitor would write to the change feed, send webhooks, give
# the article a new version, and have colleagues who edit it refused; and all who vote would wait for one row.
class ArticleVote(models.Model):
    """What a reader said of an article: whether it helped. The reader is a random number in a cookie, nobody else."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    article = models.ForeignKey(Article, verbose_name=_("article"), on_delete=models.CASCADE, related_name="votes")
    visitor = models.UUIDField(_("reader"))
    is_helpful = models.BooleanField(_("helpful"))
    voted_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("reader's vote")
        verbose_name_plural = _("readers' votes")
        constraints = [models.UniqueConstraint(fields=["article", "visitor"], name="article_vote_once")]
        indexes = [
            models.Index(fields=["article", "is_helpful"], name="article_vote_count"),
            models.Index(fields=["voted_at", "id"], name="article_vote_time"),
        ]

    def __str__(self) -> str:
        return f"{self.article_id} {self.is_helpful}"
