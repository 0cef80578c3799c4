"""Messages of tickets in the staff site: their thread shows them; the list finds those that did not leave."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to
from crm.admin.base import ReadOnly
from crm.admin.lists import ColleagueFilter, DayRangeFilter
from service.models import TicketMessage


@admin.register(TicketMessage)
class TicketMessageAdmin(ReadOnly, RecordAdmin):
    """What was said on tickets."""

    list_display = ("__str__", "ticket_link", "kind", "author", "written_at", "delivery")
    list_select_related = ("ticket", "author")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("delivery", ChoicesDropdownFilter),
        ("author", ColleagueFilter),
        ("written_at", DayRangeFilter),
    )
    ordering = ("-written_at", "-id")
    sections = (
        (None, {"fields": ("ticket", ("kind", "author"), "written_at", "body")}),
        (
            _("E-mail"),
            {
                "classes": ["tab"],
                "fields": (
                    "subject",
                    ("from_address", "to_address"),
                    "message_id",
                    ("delivery", "sent_at"),
                    "delivery_error",
                ),
            },
        ),
    )

    @display(description=_("ticket"))
    def ticket_link(self, message: TicketMessage) -> str:
        return link_to(message.ticket)
