"""What sales adds to a customer at a glance: open deals, leads, orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.admin import Panel, add_parts
from customers.models import Customer
from sales.admin.opportunities import money
from sales.models import Lead, Opportunity, Order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import User

SHOWN: Final = 8


def of_customer(customer: Customer) -> Q:
    """Return what keeps the records of a customer, and of the people of an organization."""
    return Q(customer=customer.pk) | Q(customer__organization=customer.pk)


def address(model: Any, customer: Customer) -> str:
    """Return the address of the list of a customer's records."""
    return f"{reverse(f'admin:sales_{model._meta.model_name}_changelist')}?customer__id__exact={customer.pk}"


@add_parts(30)
def deals_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return the open deals, the next to be decided first."""
    if isinstance(customer, Customer) and user.view_level(Opportunity) is not None:
        concerned = of_customer(customer) | Q(contact=customer.pk)
        deals = Opportunity.objects.visible_to(user).open().filter(concerned).select_related("stage")
        rows = [(one, money(one.amount, one.currency)) for one in deals.order_by("expected_close_on", "id")[:SHOWN]]
        if rows:
            yield Panel(_("Open deals"), "sales/overview_deals.html", rows, link=address(Opportunity, customer))


@add_parts(32)
def leads_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return the leads to be worked, the latest first."""
    if isinstance(customer, Customer) and user.view_level(Lead) is not None:
        leads = Lead.objects.visible_to(user).filter(of_customer(customer), status__in=Lead.OPEN)
        rows = list(leads.select_related("customer").order_by("-created_at", "-id")[:SHOWN])
        if rows:
            yield Panel(_("Leads"), "sales/overview_leads.html", rows, link=address(Lead, customer))


@add_parts(34)
def orders_of(customer: Any, user: User) -> Iterable[Panel]:
    """Return the latest orders."""
    if isinstance(customer, Customer) and user.view_level(Order) is not None:
        orders = Order.objects.visible_to(user).filter(of_customer(customer)).order_by("-ordered_on", "-id")
        rows = [(one, money(one.total, one.currency)) for one in orders[:SHOWN]]
        if rows:
            yield Panel(_("Orders"), "sales/overview_orders.html", rows, link=address(Order, customer))
