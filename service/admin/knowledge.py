"""The knowledge base and canned replies in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ORDER_VAR
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, staff
from crm.admin.base import ModelAdmin, ReadOnly
from crm.admin.lists import CappedPaginator, DayRangeFilter
from service.models import Article, ArticleVote, CannedReply, Category

if TYPE_CHECKING:
    from django.http import HttpRequest

STATE_COLORS = {"draft": "warning", "published": "success"}


@admin.register(Category)
class CategoryAdmin(RecordAdmin):
    """The shelves of the knowledge base."""

    list_display = ("name", "description", "position")
    ordering = ("position", "id")
    sections = ((None, {"fields": ("name", "description", "position")}),)


@admin.register(Article)
class ArticleAdmin(RecordAdmin):
    """Articles of the knowledge base."""

    list_display = ("title", "state_label", "category", "language", "helpful", "unhelpful", "published_at")
    list_select_related = ("category",)
    list_filter = (("state", ChoicesDropdownFilter),)
    ordering = ("title", "id")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = (*RecordAdmin.readonly_fields, "published_at", "page", "helpful", "unhelpful")
    sections = (
        (None, {"fields": ("title", ("category", "state"), "summary", "body")}),
        (_("Address and language"), {"classes": ["tab"], "fields": ("slug", "language")}),
        (_("Readers"), {"classes": ["tab"], "fields": ("published_at", "page", "helpful", "unhelpful")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.light().with_votes()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found: Any
        found, is_double = super().get_search_results(request, queryset, search_term)
        is_plain = bool(search_term.strip()) and ORDER_VAR not in request.GET
        return (found.best_first() if is_plain else found), is_double

    @display(description=_("helpful"))
    def helpful(self, article: Any) -> int:
        return int(article.helpful)

    @display(description=_("not helpful"))
    def unhelpful(self, article: Any) -> int:
        return int(article.unhelpful)

    @display(description=_("page"))
    def page(self, article: Article) -> str:
        return format_html('<a href="{0}" class="text-link">{0}</a>', article.address) if article.is_public else "–"

    @display(description=_("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, article: Article) -> tuple[str, str]:
        return article.state, article.get_state_display()


@admin.register(CannedReply)
class CannedReplyAdmin(RecordAdmin):
    """Replies kept ready."""

    list_display = ("name", "queue", "owner")
    list_select_related = ("queue", "owner")
    ordering = ("name", "id")
    sections = ((None, {"fields": ("name", "queue", "body")}),)


@admin.register(ArticleVote)
class ArticleVoteAdmin(ReadOnly, ModelAdmin):
    """What readers said of articles, one by one; whoever sees the article sees it."""

    list_display = ("voted_at", "article", "is_helpful")
    list_select_related = ("article",)
    list_filter = ("is_helpful", ("voted_at", DayRangeFilter))
    list_filter_submit = True
    paginator = CappedPaginator
    show_full_result_count = False
    exclude = ("visitor",)
    ordering = ("-voted_at", "-id")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Article) is not None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_module_perms("service")

    def get_queryset(self, request: HttpRequest) -> Any:
        visible = Article.objects.visible_to(staff(request))
        return super().get_queryset(request).filter(article__in=visible)
