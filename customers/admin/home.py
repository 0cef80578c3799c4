"""The home page's panels about customers and the history with them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.admin import Figure, Panel, add_panels, chart
from crm.days import midnight, months_ago
from customers.models import Customer, Interaction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crm.models import User

MONTHS = 12
LATEST = 8
CUSTOMERS = "admin:customers_customer_changelist"
INTERACTIONS = "admin:customers_interaction_changelist"
ICONS = {"lead": "flag", "prospect": "eco", "customer": "handshake", "former": "history"}


@add_panels
def customer_panels(user: User) -> Iterable[Panel]:
    """Return what `user` may know of customers: stages, new ones by month, their own."""
    if user.view_level(Customer) is None:
        return
    yield Panel(_("Customers by lifecycle"), "admin/home/figures.html", lifecycles(user), width=3)
    yield Panel(_("New customers by month"), "admin/home/bars.html", new_by_month(user), width=2)
    own = Customer.objects.visible_to(user).filter(owner=user.pk).order_by("-updated_at", "-id")[:LATEST]
    link = f"{reverse(CUSTOMERS)}?{urlencode({'owner__id__exact': user.pk})}"
    yield Panel(_("My customers"), "customers/home_customers.html", list(own), link=link)


@add_panels
def interaction_panels(user: User) -> Iterable[Panel]:
    """Return what `user` may know of the history with customers."""
    if user.view_level(Interaction) is None:
        return
    yield Panel(_("Interactions"), "admin/home/counts.html", interaction_counts(user))
    latest = Interaction.objects.visible_to(user).select_related("customer", "user").order_by("-occurred_at", "-id")
    yield Panel(
        _("Latest interactions"),
        "customers/home_interactions.html",
        list(latest[:LATEST]),
        link=reverse(INTERACTIONS),
        width=2,
    )


def lifecycles(user: User) -> list[Figure]:
    """Return how many customers stand at each stage."""
    rows = Customer.objects.visible_to(user).order_by().values_list("lifecycle").annotate(Count("pk"))
    counted = dict(rows)
    return [
        Figure(str(label), counted.get(value, 0), f"{reverse(CUSTOMERS)}?lifecycle__exact={value}", ICONS[value])
        for value, label in Customer.Lifecycle.choices
    ]


def new_by_month(user: User) -> str:
    """Return the chart of customers that were added in each of the last twelve months."""
    months = last_months(timezone.localdate())
    recent = Customer.objects.visible_to(user).filter(created_at__gte=months[0])
    rows = recent.annotate(month=TruncMonth("created_at")).order_by().values_list("month").annotate(Count("pk"))
    counted = {(month.year, month.month): count for month, count in rows}
    labels = [f"{month:%Y-%m}" for month in months]
    return chart(labels, {_("New customers"): [counted.get((month.year, month.month), 0) for month in months]})


def last_months(today: datetime.date) -> list[datetime.datetime]:
    """Return the first moments of this month and of the eleven before it, the oldest first."""
    return [midnight(months_ago(today, months)) for months in reversed(range(MONTHS))]


def interaction_counts(user: User) -> list[dict[str, str | int]]:
    """Return how many interactions of each kind there were in the last 7 and 30 days."""
    now = timezone.now()
    week, month = now - datetime.timedelta(days=7), now - datetime.timedelta(days=30)
    rows = (
        Interaction.objects.visible_to(user)
        .filter(occurred_at__gte=month, occurred_at__lte=now)
        .order_by()
        .values_list("kind")
        .annotate(in_week=Count("pk", filter=Q(occurred_at__gte=week)), in_month=Count("pk"))
    )
    counted = {kind: (in_week, in_month) for kind, in_week, in_month in rows}
    return [
        {
            "label": str(label),
            "week": counted.get(value, (0, 0))[0],
            "month": counted.get(value, (0, 0))[1],
            "link": f"{reverse(INTERACTIONS)}?kind__exact={value}",
        }
        for value, label in Interaction.Kind.choices
    ]
