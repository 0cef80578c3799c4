"""Lists of what belongs to tickets, seen by whoever sees the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from crm.admin import link_to, staff
from crm.admin.base import ModelAdmin, ReadOnly
from crm.admin.lists import CappedPaginator
from service.models import Ticket

if TYPE_CHECKING:
    from django.http import HttpRequest


class OfTickets(ReadOnly, ModelAdmin):
    """A list that nobody changes; a subclass names columns and order."""

    list_select_related: ClassVar[Any] = ("ticket",)
    list_filter_submit = True
    paginator = CappedPaginator
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff(request).view_level(Ticket) is not None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_module_perms("service")

    def get_queryset(self, request: HttpRequest) -> Any:
        visible = Ticket.objects.visible_to(staff(request))
        return super().get_queryset(request).filter(ticket__in=visible)

    @display(description=_("ticket"))
    def ticket_link(self, row: Any) -> str:
        return link_to(row.ticket)
