"""What a sales manager sets up: pipelines with their stages, loss reasons, exchange rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from unfold.contrib.filters.admin import FieldTextFilter

from crm.admin import staff
from crm.admin.base import ModelAdmin, TabularInline
from crm.admin.lists import DayRangeFilter
from sales.models import ExchangeRate, LossReason, Opportunity, Pipeline, Stage

if TYPE_CHECKING:
    from django.http import HttpRequest


class Seen:
    """A mixin for screens of what managers set up: whoever sees deals sees it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Opportunity) is not None


class StageInline(Seen, TabularInline):
    model = Stage
    fields = ("order", "name", "kind", "probability", "stale_after_days")
    ordering = ("order", "id")
    extra = 0


@admin.register(Pipeline)
class PipelineAdmin(Seen, ModelAdmin):
    """Ways of selling."""

    list_display = ("name", "is_default", "is_active")
    ordering = ("name",)
    inlines = (StageInline,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Save the stages, and say what the pipeline still lacks."""
        super().save_related(request, form, formsets, change)
        for problem in form.instance.problems():
            messages.warning(request, problem)


@admin.register(LossReason)
class LossReasonAdmin(Seen, ModelAdmin):
    """Reasons for which deals are lost."""

    list_display = ("name", "is_active")
    ordering = ("name",)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(Seen, ModelAdmin):
    """What currencies are worth in the reporting currency."""

    list_display = ("currency", "on", "rate")
    list_filter = (("currency", FieldTextFilter), ("on", DayRangeFilter))
    list_filter_submit = True
    ordering = ("-on", "currency")
