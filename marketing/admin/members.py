"""Members of campaigns, and their clicks, in the staff site; written as a campaign is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from crm.admin import RecordAdmin, link_to, staff
from crm.admin.base import ModelAdmin, ReadOnly
from crm.admin.lists import CappedPaginator
from customers.models import Customer
from marketing.models import CampaignMember, Click

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

STATE_COLORS = {
    **dict.fromkeys(("queued", "sending"), "info"),
    **dict.fromkeys(("sent", "delivered"), "primary"),
    **dict.fromkeys(("opened", "clicked", "replied"), "success"),
    **dict.fromkeys(("sent_unconfirmed", "skipped", "unsubscribed"), "warning"),
    **dict.fromkeys(("bounced", "complained"), "danger"),
}


@admin.register(CampaignMember)
class CampaignMemberAdmin(ReadOnly, RecordAdmin):
    """Who is part of a campaign, and what became of their message."""

    list_display = ("customer_link", "campaign_link", "state_label", "reason", "variant", "sent_at")
    list_select_related = ("customer", "campaign")
    linked = ("customer",)
    list_filter = (("state", ChoicesDropdownFilter), ("reason", ChoicesDropdownFilter))
    search_fields = ()
    ordering = ("-created_at", "-id")
    sections = (
        (
            None,
            {
                "fields": (
                    ("campaign", "customer"),
                    ("state", "reason"),
                    ("detail", "variant"),
                    ("message_id", "attempts"),
                    ("due_at", "claimed_at"),
                    ("sent_at", "delivered_at"),
                    ("opened_at", "clicked_at"),
                    ("replied_at", "bounced_at"),
                    ("complained_at", "unsubscribed_at"),
                )
            },
        ),
    )

    @display(description=_("customer"))
    def customer_link(self, member: CampaignMember) -> str:
        return link_to(member.customer)

    @display(description=_("campaign"))
    def campaign_link(self, member: CampaignMember) -> str:
        return link_to(member.campaign)

    @display(description=_("state"), label=STATE_COLORS)
    def state_label(self, member: CampaignMember) -> tuple[str, str]:
        return member.state, member.get_state_display()


@admin.register(Click)
class ClickAdmin(ReadOnly, ModelAdmin):
    """Which customer followed which link."""

    list_display = ("customer", "campaign", "url", "count", "last_at")
    list_select_related = ("customer", "campaign")
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ("-last_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = Customer.objects.visible_to(staff(request)).values("pk")
        return super().get_queryset(request).filter(customer__in=seen)
