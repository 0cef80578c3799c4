"""The rules that score leads, in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin.base import ModelAdmin
from sales.actions import rules_changed
from sales.models import ScoreRule

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


@admin.register(ScoreRule)
class ScoreRuleAdmin(ModelAdmin):
    """What makes a lead more or less promising; the worker scores open leads anew when a rule changes."""

    list_display = ("name", "condition", "signed_points", "state")
    list_filter = (("field", ChoicesDropdownFilter), ("is_active", BooleanRadioFilter))
    list_filter_submit = True
    search_fields = ("name", "value")
    ordering = ("-points", "name")
    fields = (("field", "operator"), ("value", "days"), ("points", "is_active"), "name")

    @display(description=_("condition"))
    def condition(self, rule: ScoreRule) -> str:
        return rule.sentence

    @display(description=_("points"), ordering="points", label={"more": "success", "less": "danger"})
    def signed_points(self, rule: ScoreRule) -> tuple[str, str]:
        return "more" if rule.points > 0 else "less", f"{rule.points:+d}"

    @display(description=_("state"), label={"active": "success", "retired": "info"})
    def state(self, rule: ScoreRule) -> tuple[str, Any]:
        return ("active", _("active")) if rule.is_active else ("retired", _("not in use"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        self.score_anew(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self.score_anew(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        self.score_anew(request)

    def score_anew(self, request: HttpRequest) -> None:
        """Let all open leads be scored anew, and say so."""
        rules_changed()
        self.message_user(request, _("Open leads are being scored anew."), messages.INFO)
