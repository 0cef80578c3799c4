"""The home page's panels about sales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.admin import Figure, Panel, add_panels
from crm.admin.reports import drawing, drawn
from crm.days import months_ago
from crm.reports.reports import REPORTS
from sales.models import Lead, Opportunity, reporting_currency
from sales.reports.figures import deals, listed, total, weighted, without_rate
from sales.reports.forecast import QUARTER, quarter_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from crm.models import User

LATEST = 8


@add_panels
def deal_panels(user: User) -> Iterable[Panel]:
    """Return what `user` may know of deals: their own of this quarter, and the forecast."""
    if user.view_level(Opportunity) is None:
        return
    first = quarter_of(timezone.localdate())
    following = months_ago(first, -QUARTER)
    data = {**my_quarter(user, following), "currency": reporting_currency()}
    own = listed(Opportunity, {"owner": user}, status__exact="open", expected_close_on__lt=following)
    yield Panel(_("My pipeline this quarter"), "sales/home_quarter.html", data, link=own)
    forecast = REPORTS["forecast"]
    rows = list(forecast.rows(user, {"since": first}))[:QUARTER]
    if rows and forecast.chart:
        data = {"chart": drawn(forecast.chart, rows, forecast.columns), "options": drawing(forecast.chart)}
        link = reverse("report", args=("forecast",))
        yield Panel(_("Forecast"), "sales/home_forecast.html", data, link=link, width=2)


@add_panels
def lead_panels(user: User) -> Iterable[Panel]:
    """Return how many leads wait for somebody."""
    if user.view_level(Lead) is None:
        return
    counted = Lead.objects.visible_to(user).aggregate(
        mine=Count("pk", filter=Q(status__in=Lead.OPEN, owner=user.pk)),
        nobodys=Count("pk", filter=Q(status__in=Lead.OPEN, owner=None)),
        new=Count("pk", filter=Q(status=Lead.Status.NEW)),
    )
    waiting = ",".join(Lead.OPEN)
    figures = [
        Figure(_("my open leads"), counted["mine"], listed(Lead, {"owner": user}, status__in=waiting), "person"),
        Figure(
            _("open, nobody's"), counted["nobodys"], listed(Lead, {}, status__in=waiting, owner__isnull="True"), "flag"
        ),
        Figure(_("new, not started"), counted["new"], listed(Lead, {}, status__exact="new"), "fiber_new"),
    ]
    yield Panel(_("Leads waiting"), "admin/home/figures.html", figures, width=3)


def my_quarter(user: User, following: datetime.date) -> dict[str, Any]:
    """Return the next deals of `user` that should be decided before a day, and what all of them come to."""
    mine = deals(user, {"owner": user}).open().filter(expected_close_on__lt=following)
    sums = mine.aggregate(
        number=Count("pk"), total=total("reporting_amount"), weighted=total(weighted()), without_rate=without_rate()
    )
    return {**sums, "deals": list(mine.select_related("stage").order_by("expected_close_on", "id")[:LATEST])}
