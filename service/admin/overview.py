"""What a customer at a glance shows of service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from crm.admin import Panel, add_parts
from customers.models import Customer
from service.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import User

SHOWN = 8


@add_parts(30)
def tickets_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return the open tickets, the most urgent first."""
    if isinstance(customer, Customer) and user.view_level(Ticket) is not None:
        rows = Ticket.objects.visible_to(user).active().filter(customer=customer.pk).select_related("assignee")
        link = f"{reverse('admin:service_ticket_changelist')}?customer__id__exact={customer.pk}"
        open_ones = list(rows.most_urgent_first()[:SHOWN])
        if open_ones:
            yield Panel(_("Open tickets"), "service/overview_tickets.html", open_ones, link=link)
