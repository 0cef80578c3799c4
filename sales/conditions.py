"""What segments may ask about orders."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.currencies import known_currency
from marketing import conditions
from marketing.about_customers import day, days_ago, whole
from marketing.conditions.registry import DATE, NUMBER, TEXT
from sales.models import Order

if TYPE_CHECKING:
    import datetime

MOST: Final = Decimal(10**12)


def ordered(earliest: datetime.date) -> Q:
    """Return that the customer ordered since a day."""
    return Q(Exists(Order.objects.filter(customer=OuterRef("pk"), ordered_on__gte=earliest)))


def at_least(text: str) -> Q:
    """Return that the customer has so many orders; they are counted once for all customers."""
    counted = Order.objects.order_by().values("customer").annotate(number=Count("pk"))
    return Q(pk__in=counted.filter(number__gte=whole(text)).values("customer"))


def worth(text: str) -> Q:
    """Return that the customer's orders in a currency come to so much, such as `1000 EUR`."""
    amount, _space, currency = text.strip().partition(" ")
    try:
        least = Decimal(amount)
    except InvalidOperation as error:
        raise ValidationError(_("Use an amount and a currency, such as 1000 EUR.")) from error
    if not least.is_finite() or not 0 <= least <= MOST:
        raise ValidationError(_("Out of range."))
    known_currency(currency)
    summed = Order.objects.filter(currency=currency).order_by().values("customer").annotate(sum=Sum("total"))
    return Q(pk__in=summed.filter(sum__gte=least).values("customer"))


def register() -> None:
    """Tell marketing."""
    ask = conditions.Condition
    since, within = gettext_lazy("Ordered since"), gettext_lazy("Ordered within days")
    conditions.register(ask("order_since", since, lambda text: ordered(day(text)), Order, DATE))
    conditions.register(ask("order_within_days", within, lambda text: ordered(days_ago(text).date()), Order, NUMBER))
    conditions.register(ask("orders_at_least", gettext_lazy("Orders, at least"), at_least, Order, NUMBER))
    conditions.register(ask("orders_worth_at_least", gettext_lazy("Orders worth at least"), worth, Order, TEXT))
