"""Queues, agents, business hours and SLA policies in the staff site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to, staff
from crm.admin.base import ModelAdmin, ReadOnly
from crm.admin.lists import CappedPaginator, DayRangeFilter
from service.admin.parts import OfTickets
from service.models import Agent, Alert, BusinessHours, IncomingMail, Queue, SLAPolicy, Ticket
from service.models.hours import DAYS

if TYPE_CHECKING:
    from django.http import HttpRequest


@admin.register(Queue)
class QueueAdmin(RecordAdmin):
    """Where tickets wait."""

    list_display = ("name", "email", "policy", "assignment", "is_active")
    list_select_related = ("policy",)
    list_filter = (("assignment", ChoicesDropdownFilter),)
    ordering = ("name", "id")
    sections = (
        (None, {"fields": ("name", "description", ("email", "policy"), "is_active")}),
        (_("Assignment"), {"classes": ["tab"], "fields": ("assignment", "skills", "close_days", "acknowledgement")}),
    )


@admin.register(Agent)
class AgentAdmin(RecordAdmin):
    """Colleagues who take tickets."""

    list_display = ("user", "skills", "capacity", "is_available", "assigned_at")
    list_select_related = ("user",)
    ordering = ("id",)
    readonly_fields = (*RecordAdmin.readonly_fields, "assigned_at")
    sections = ((None, {"fields": ("user", "skills", ("capacity", "is_available"))}),)


@admin.register(BusinessHours)
class BusinessHoursAdmin(RecordAdmin):
    """When teams work."""

    list_display = ("name", "time_zone", "country", "monday", "saturday")
    ordering = ("name", "id")
    sections = (
        (None, {"fields": ("name", "time_zone", *DAYS)}),
        (_("Days off"), {"classes": ["tab"], "fields": (("country", "subdivision"), "days")}),
    )


@admin.register(SLAPolicy)
class SLAPolicyAdmin(RecordAdmin):
    """What is promised."""

    list_display = ("name", "hours", "first_response_normal", "resolution_normal", "pauses_on_hold")
    list_select_related = ("hours",)
    ordering = ("name", "id")
    sections = (
        (None, {"fields": ("name", "hours", "pauses_on_hold")}),
        (
            _("Targets, in minutes of business time"),
            {
                "classes": ["tab"],
                "fields": [
                    (f"first_response_{one}", f"resolution_{one}") for one in ("urgent", "high", "normal", "low")
                ],
            },
        ),
        (_("Warning and escalation"), {"classes": ["tab"], "fields": ("warning_minutes", "escalate_to")}),
    )


@admin.register(Alert)
class AlertAdmin(OfTickets):
    """Warnings and escalations that were given; the worker writes them."""

    list_display = ("given_at", "ticket_link", "clock", "event", "due_at", "sent_at")
    list_filter = (("event", ChoicesDropdownFilter), ("clock", ChoicesDropdownFilter), ("given_at", DayRangeFilter))
    list_filter_submit = True
    paginator = CappedPaginator
    ordering = ("-given_at", "-id")


@admin.register(IncomingMail)
class IncomingMailAdmin(ReadOnly, ModelAdmin):
    """E-mail that came, and what became of it; what was refused can be tried again."""

    list_display = ("received_at", "state_label", "sender", "subject", "ticket_link", "reason")
    list_select_related = ("ticket",)
    list_filter = (("state", ChoicesDropdownFilter), ("received_at", DayRangeFilter))
    list_filter_submit = True
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-received_at", "-id")
    exclude = ("raw",)
    actions = ("try_again",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Ticket) == "all"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_module_perms("service")

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("service.add_ticket")

    @admin.action(description=_("Try again"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, queryset: Any) -> None:
        """Take e-mails that were refused once more."""
        from service.mail.receiving import take  # what reads e-mail takes its time to load

        rows = list(queryset.filter(state=IncomingMail.State.REFUSED, raw__isnull=False))
        states = [take(bytes(one.raw), recipient=one.recipients, received_at=one.received_at).state for one in rows]
        accepted = states.count(IncomingMail.State.ACCEPTED)
        messages.success(request, _("%(accepted)d of %(all)d were taken.") % {"accepted": accepted, "all": len(rows)})

    @display(description=_("state"), ordering="state", label={"accepted": "success", "refused": "danger"})
    def state_label(self, mail: IncomingMail) -> tuple[str, str]:
        return mail.state, mail.get_state_display()

    @display(description=_("ticket"))
    def ticket_link(self, mail: IncomingMail) -> str:
        return link_to(mail.ticket)
