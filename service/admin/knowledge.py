"""The knowledge base, canned replies and survey answers in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to
from crm.admin.base import ReadOnly
from crm.admin.lists import DayRangeFilter
from service.models import Article, CannedReply, Category, SurveyAnswer

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
    readonly_fields = (*RecordAdmin.readonly_fields, "published_at", "helpful", "unhelpful")
    sections = (
        (None, {"fields": ("title", ("category", "state"), "body")}),
        (_("Address and language"), {"classes": ["tab"], "fields": ("slug", "language")}),
        (_("Readers"), {"classes": ["tab"], "fields": ("published_at", "helpful", "unhelpful")}),
    )

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


@admin.register(SurveyAnswer)
class SurveyAnswerAdmin(ReadOnly, RecordAdmin):
    """How customers judged."""

    list_display = ("ticket_link", "score", "comment", "answered_at")
    list_select_related = ("ticket",)
    list_filter = (("answered_at", DayRangeFilter),)
    ordering = ("-answered_at", "-id")
    sections = ((None, {"fields": ("ticket", "score", "comment", "answered_at")}),)

    def has_import_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("ticket"))
    def ticket_link(self, answer: SurveyAnswer) -> str:
        return link_to(answer.ticket)
