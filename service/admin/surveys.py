"""What customers were asked, and how they judged, in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to
from crm.admin.base import ReadOnly
from crm.admin.lists import DayRangeFilter
from service.admin.of_tickets import OfTickets
from service.models import SurveyAnswer, SurveyRequest

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(SurveyAnswer)
class SurveyAnswerAdmin(ReadOnly, RecordAdmin):
    """How customers judged."""

    list_display = ("ticket_link", "score", "comment", "resolution", "answered_at")
    list_select_related = ("ticket",)
    list_filter = (("answered_at", DayRangeFilter),)
    ordering = ("-answered_at", "-id")
    sections = ((None, {"fields": ("ticket", "resolution", "score", "comment", "answered_at")}),)

    def has_import_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("ticket"))
    def ticket_link(self, answer: SurveyAnswer) -> str:
        return link_to(answer.ticket)


@admin.register(SurveyRequest)
class SurveyRequestAdmin(OfTickets):
    """Who was asked when; the worker writes it."""

    list_display = ("requested_at", "ticket_link", "resolution", "sent_at", "refused_at")
    list_filter = (("requested_at", DayRangeFilter),)
    ordering = ("-requested_at", "-id")
