"""Segments in the staff site: conditions are put together in a builder, or written as the text that they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesRadioFilter
from unfold.decorators import action, display

from crm.admin import RecordAdmin, staff
from crm.admin.base import ModelAdmin
from crm.admin.forms import RecordForm
from crm.admin.lists import CappedPaginator
from customers.models import Customer
from marketing import actions, conditions
from marketing.admin.builder import BuilderWidget, names_in, offered, words
from marketing.admin.lists import MemberFilter
from marketing.models import Segment, SegmentMember
from marketing.models.segments import living

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.urls import URLPattern

FIRST = 10


class SegmentForm(RecordForm):
    """Refuses conditions that its reader may not ask; in a frozen segment they say only what was."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "conditions" in self.fields:
            self.fields["conditions"].required = False
            self.fields["conditions"].widget = BuilderWidget(
                attrs={
                    "data-builder": json.dumps(offered(self.user)),
                    "data-words": json.dumps(words()),
                    "data-preview": reverse("admin:marketing_segment_preview"),
                    "data-search": reverse("admin:autocomplete"),
                    "data-names": json.dumps(names_in(self.instance.conditions, self.user)),
                }
            )

    def clean_conditions(self) -> Any:
        """Return the conditions; raise forms.ValidationError for those that cannot be read."""
        wanted = self.cleaned_data["conditions"] or {}
        if error := conditions.refused(wanted, self.user):
            raise forms.ValidationError(str(error), code=error.code)
        return wanted


@admin.register(Segment)
class SegmentAdmin(RecordAdmin):
    """Groups of customers."""

    form = SegmentForm
    list_display = ("name", "kind", "description")
    list_select_related = ()
    list_filter = (("kind", ChoicesRadioFilter),)
    ordering = ("name", "id")
    sections = ((None, {"fields": ("name", "description", "kind", "conditions", "state")}),)
    readonly_fields = (*RecordAdmin.readonly_fields, "kind", "state")
    actions = ("freeze", "thaw")

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and what the builder asks."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="marketing_segment_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> JsonResponse:
        """Answer whom conditions keep, as far as the colleague may see them."""
        user = staff(request)
        if not self.has_view_permission(request) or request.method != "POST":
            raise PermissionDenied
        try:
            wanted = json.loads(request.POST.get("conditions") or "{}")
            rows = living(conditions.kept_by(wanted, user)).visible_to(user)
        except (ValueError, RecursionError):
            return JsonResponse({"fault": str(_("This cannot be read."))})
        except conditions.Unreadable as error:
            return JsonResponse({"fault": str(error)})
        first = list(rows.order_by("id").values("id", "name", "email")[:FIRST])
        return JsonResponse({"count": rows.count(), "customers": first})

    @display(description=_("state"))
    def state(self, segment: Segment) -> str:
        """Return what keeps the conditions from being read, if anything does."""
        return segment.fault or str(_("Its conditions can be read."))

    @action(description=_("Freeze: fix the members now"), permissions=["change"])
    def freeze(self, request: HttpRequest, queryset: QuerySet[Segment]) -> None:
        """Fix the members of segments."""
        self.do(request, queryset, actions.freeze_segment)

    @action(description=_("Thaw: by the conditions again"), permissions=["change"])
    def thaw(self, request: HttpRequest, queryset: QuerySet[Segment]) -> None:
        """Let the conditions of segments count again."""
        self.do(request, queryset, actions.thaw_segment)

    def do(self, request: HttpRequest, queryset: QuerySet[Segment], verb: Any) -> None:
        """Do a verb to each segment that was chosen."""
        for segment in queryset:
            try:
                verb(segment=segment)
            except actions.Refused as error:
                messages.error(request, f"{segment}: {error.text}")


@admin.register(SegmentMember)
class SegmentMemberAdmin(ModelAdmin):
    """Who is on the lists of frozen segments, as far as the colleague may see them."""

    list_display = ("segment", "customer", "added_at")
    list_select_related = ("segment", "customer")
    list_filter = (MemberFilter,)
    paginator = CappedPaginator
    show_full_result_count = False
    autocomplete_fields = ("customer",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SegmentMember]:
        seen = Customer.objects.visible_to(staff(request))
        segments = Segment.objects.visible_to(staff(request))
        return super().get_queryset(request).filter(customer__in=seen, segment__in=segments)
