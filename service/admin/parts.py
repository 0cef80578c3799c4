"""What belongs to tickets, in the staff site: seen by whoever sees the ticket, and changed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from crm.admin import link_to, staff
from crm.admin.base import ModelAdmin, ReadOnly
from service.models import Ticket

if TYPE_CHECKING:
    from django.http import HttpRequest


class OfTickets(ReadOnly, ModelAdmin):
    """Rows that belong to tickets that one may see."""

    list_select_related: ClassVar[Any] = ("ticket",)
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Ticket) is not None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_module_perms("service")

    def get_queryset(self, request: HttpRequest) -> Any:
        visible = Ticket.objects.visible_to(staff(request))
        return super().get_queryset(request).filter(ticket__in=visible)

    @display(description=_("ticket"))
    def ticket_link(self, one: Any) -> str:
        return link_to(one.ticket)
