"""Tickets in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to, staff
from crm.admin.base import ReadOnly, TabularInline
from crm.admin.changelists import RecordChangeList
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from crm.admin.tasks import WithTasks
from service import actions
from service.admin.desk import desk
from service.admin.presence import WithPresence
from service.admin.thread import WithThread
from service.models import StatusPeriod, Ticket

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

STATUS_COLORS = {
    "new": "danger",
    "open": "info",
    "pending": "warning",
    "on_hold": "warning",
    "resolved": "success",
    "closed": "success",
}
PRIORITY_COLORS = {"low": "info", "normal": "primary", "high": "warning", "urgent": "danger"}


class PeriodInline(ReadOnly, TabularInline):
    """How the ticket stood when."""

    model = StatusPeriod
    fields = readonly_fields = ("status", "began_at", "ended_at")
    ordering = ("began_at", "id")
    extra = 0
    tab = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class TicketChangeList(RecordChangeList):
    """A list whose rows lead to the conversations."""

    def url_for_result(self, result: Any) -> str:
        """Return the address of a ticket's conversation."""
        return reverse("admin:service_ticket_thread", args=(result.pk,))


@admin.register(Ticket)
class TicketAdmin(WithThread, WithPresence, WithTasks, RecordAdmin):
    """Requests of customers."""

    list_display = (
        "number",
        "subject",
        "status_label",
        "priority_label",
        "customer_link",
        "queue",
        "assignee",
        "next_due",
    )
    list_display_links = ("number", "subject")
    list_select_related = ("customer", "queue", "assignee")
    linked = ("customer",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        ("type", ChoicesDropdownFilter),
        ("assignee", ColleagueFilter),
        ("queue", RelatedDropdownFilter),
        ("opened_at", DayRangeFilter),
    )
    search_help_text = _("Number or subject")
    ordering = ("next_due_at", "id")
    autocomplete_fields = ("customer",)
    actions = ("take",)
    actions_detail = ("thread", "add_task")
    change_form_outer_before_template = "admin/tasks/of_record.html"
    set_by_us = (
        "number",
        "status",
        "status_since",
        "assignee",
        "opened_at",
        "first_replied_at",
        "resolved_at",
        "reopened",
        "merged_into",
        "first_response_due_at",
        "first_response_breached_at",
        "first_response_minutes",
        "resolution_due_at",
        "resolution_breached_at",
        "resolution_minutes",
    )
    readonly_fields = (*RecordAdmin.readonly_fields, *set_by_us)
    inlines = (PeriodInline, *RecordAdmin.inlines)
    sections = (
        (
            None,
            {"fields": ("subject", ("customer", "email"), ("queue", "policy"), ("type", "priority", "channel"))},
        ),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TicketChangeList]:
        return TicketChangeList

    def get_urls(self) -> list[Any]:
        return [path("desk/", self.admin_site.admin_view(desk), name="service_desk"), *super().get_urls()]

    def get_sections(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first, *others = super().get_sections(request, obj)
        if obj is None:
            return [first, *others]
        state = [("status", "status_since"), ("assignee", "merged_into"), ("opened_at", "reopened")]
        clocks = [
            ("first_replied_at", "first_response_due_at", "first_response_breached_at", "first_response_minutes"),
            ("resolved_at", "resolution_due_at", "resolution_breached_at", "resolution_minutes"),
        ]
        return [
            first,
            (_("State"), {"classes": ["tab"], "fields": state}),
            (_("Clocks"), {"classes": ["tab"], "fields": clocks}),
            *others,
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            actions.assign_automatically(ticket=obj)

    @admin.action(description=_("Take"), permissions=["change"])
    def take(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        """Take the tickets that nobody has."""
        taken = 0
        for ticket in queryset:
            try:
                actions.take_ticket(ticket=ticket, by=staff(request))
            except (actions.IsTaken, actions.IsMerged, actions.IsClosed):
                continue
            taken += 1
        messages.success(request, _("%d tickets are yours now.") % taken)

    @display(description=_("status"), ordering="status", label=STATUS_COLORS)
    def status_label(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.status, ticket.get_status_display()

    @display(description=_("priority"), ordering="priority", label=PRIORITY_COLORS)
    def priority_label(self, ticket: Ticket) -> tuple[str, str]:
        return ticket.priority, ticket.get_priority_display()

    @display(description=_("customer"), ordering="customer__name")
    def customer_link(self, ticket: Ticket) -> str:
        return link_to(ticket.customer)

    @display(description=_("next due"), ordering="next_due_at")
    def next_due(self, ticket: Ticket) -> Any:
        return ticket.next_due
