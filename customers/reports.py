"""Reports about customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from crm.reports.forms import PeriodForm, ResponsibleForm, between, responsible
from crm.reports.reports import Chart, Column, Kind, Report, register
from customers.models import Customer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crm.models import User


class NewCustomersForm(PeriodForm, ResponsibleForm):
    """The period in which they were added, and whose they are."""


@register
class NewCustomers(Report):
    """Customers by the month in which they were added."""

    name = "new-customers"
    title = _("New customers")
    description = _("How many people and organizations were added, by month.")
    scope = "customers"
    model = Customer
    form = NewCustomersForm
    columns = (
        Column("month", _("month"), Kind.MONTH),
        Column("people", _("people"), Kind.NUMBER, is_summed=True),
        Column("organizations", _("organizations"), Kind.NUMBER, is_summed=True),
    )
    chart = Chart("month", ("people", "organizations"))

    def rows(self, user: User, wanted: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return a row for each month in which customers were added."""
        chosen = Customer.objects.visible_to(user).filter(**between("created_at", wanted), **responsible(wanted))
        people, organizations = (Count("pk", filter=Q(kind=kind)) for kind in ("person", "organization"))
        by_month = chosen.annotate(start=TruncMonth("created_at")).order_by().values("start")
        counted = by_month.annotate(people=people, organizations=organizations).order_by("start")
        return [{**row, "month": row["start"].date()} for row in counted]
