"""What is known: articles that answer before anybody asks, and answers kept ready."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Func, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey
from service.models.queues import Queue
from service.models.searching import ArticleQuerySet

SEARCHED: Final = ("title", "summary", "body")


class Category(Record):
    """A shelf of the knowledge base."""

    name = models.CharField(_("name"), max_length=100, help_text=_("What readers see."))
    description = models.CharField(_("description"), max_length=300, blank=True, help_text=_("What is found here."))
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("Smaller ones come first."))

    class Meta(Record.Meta):
        verbose_name = _("article category")
        verbose_name_plural = _("article categories")
        indexes = [*Record.Meta.indexes, models.Index(fields=["position", "id"], name="category_position")]

    def __str__(self) -> str:
        return self.name


class Article(Record):
    """An article of the knowledge base; whoever asks the web reads it once it is published."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    search_fields = SEARCHED

    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        on_delete=models.PROTECT,
        related_name="articles",
        help_text=_("Where it stands."),
    )
    title = models.CharField(_("title"), max_length=200, help_text=_("The question that it answers."))
    slug = models.SlugField(
        _("address"), max_length=100, db_index=False, help_text=_("End of its address, such as reset-a-password.")
    )
    summary = models.CharField(
        _("summary"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("The answer in a sentence, for lists and search engines."),
    )
    body = models.TextField(
        _("text"),
        max_length=100_000,
        help_text=_("The answer: plain text, whose blank lines part paragraphs, or HTML without scripts and pictures."),
    )
    language = models.CharField(
        _("language"), max_length=20, blank=True, help_text=_("Language it is written in, as a BCP 47 tag.")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.DRAFT, help_text=_("Whether readers see it.")
    )
    published_at = models.DateTimeField(
        _("published at"), null=True, blank=True, editable=False, help_text=_("When it was published last.")
    )
    # Both are stored: an article is long, and to fold and cut it anew for each row that an index proposes takes a
    # millisecond each.
    search_key = models.GeneratedField(
        expression=SearchKey(*SEARCHED), output_field=models.TextField(), db_persist=True
    )
    words = models.GeneratedField(
        expression=Func("language", "title", "summary", "body", function="service_article_words"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = ArticleQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["draft", "published"]), name="article_state_known"),
            models.CheckConstraint(condition=~Q(slug=""), name="article_slug_given"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(published_at__isnull=False), name="article_published_when"
            ),
            models.UniqueConstraint(
                fields=["slug"],
                name="article_slug_unique",
                violation_error_message=_("Another article has this address."),
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["title", "id"], name="article_title"),
            models.Index(fields=["category", "title", "id"], name="article_shelf", condition=Q(state="published")),
            models.Index(fields=["language"], name="article_language", condition=Q(state="published")),
            GinIndex(fields=["words"], name="article_words"),
            GinIndex(OpClass("search_key", "gin_trgm_ops"), name="article_search"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_public(self) -> bool:
        """Whether readers see it."""
        return self.state == self.State.PUBLISHED

    @property
    def address(self) -> str:
        """Where readers find it."""
        return f"{settings.BASE_URL}{reverse('help-article', args=(self.slug,))}"

    def clean(self) -> None:
        """Note when it was published."""
        self.complete()

    def save(self, **kwargs: object) -> None:
        self.complete()
        super().save(**kwargs)  # type: ignore[arg-type]  # Django's options

    def complete(self) -> None:
        """Note when it was published, at the first save that says so."""
        if self.state == self.State.PUBLISHED and self.published_at is None:
            self.published_at = timezone.now()
        elif self.state == self.State.DRAFT:
            self.published_at = None


class CannedReply(Record):
    """A reply kept ready, with places that are filled in, such as {{ customer.name }}."""

    name = models.CharField(_("name"), max_length=100, help_text=_("By which colleagues choose it."))
    body = models.TextField(
        _("text"),
        max_length=20_000,
        help_text=_("What it says. Filled in: {{ customer }}, {{ number }}, {{ subject }}, {{ agent }}."),
    )
    queue = models.ForeignKey(
        Queue,
        verbose_name=_("queue"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="canned_replies",
        help_text=_("Only for its tickets; left out: for all."),
    )

    class Meta(Record.Meta):
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        indexes = [*Record.Meta.indexes, models.Index(fields=["name", "id"], name="canned_reply_name")]

    def __str__(self) -> str:
        return self.name
