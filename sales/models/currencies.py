"""Currencies, and what an amount in one is worth in another on a day."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final, Self

from django.db import models
from django.db.models import Case, DecimalField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from crm.currencies import CURRENCY_CODE, currency_field, reporting_currency
from crm.models import new_id
from crm.querysets import Public

if TYPE_CHECKING:
    import datetime

CENT: Final = Decimal("0.01")


class MissingRate(Exception):
    """No exchange rate of a currency is known on a day or before it."""

    def __init__(self, currency: str, on: datetime.date) -> None:
        """Take the currency and the day."""
        super().__init__(f"{currency} {on}")
        self.currency = currency
        self.on = on


class ExchangeRateQuerySet(Public, models.QuerySet["ExchangeRate"]):
    def counting(self, currency: Any, on: Any) -> Self:
        """Keep the one rate that counts for a currency on a day: the newest on or before it."""
        return self.filter(currency=currency, on__lte=on).order_by("-on")[:1]


class ExchangeRate(models.Model):
    """What one unit of a currency is worth in the reporting currency, from a day until the next rate."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    currency = currency_field(_("currency"), _("Currency (ISO 4217)."))
    on = models.DateField(_("day"), help_text=_("First day on which the rate counts."))
    rate = models.DecimalField(
        _("rate"),
        max_digits=18,
        decimal_places=8,
        help_text=_("How much of the reporting currency one unit of the currency is worth."),
    )

    objects = ExchangeRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "on"],
                name="exchange_rate_unique",
                violation_error_message=_("There is a rate of this currency for this day."),
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0),
                name="exchange_rate_positive",
                violation_error_message=_("A rate is more than nothing."),
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name="exchange_rate_currency_code"),
        ]
        indexes = [models.Index(fields=["on", "id"], name="exchange_rate_on")]

    def __str__(self) -> str:
        return f"{self.currency} {self.on}"


def rate_of(currency: str, on: datetime.date) -> Decimal:
    """Return what one unit of a currency is worth in the reporting currency; raise MissingRate where nobody knows."""
    if currency == reporting_currency():
        return Decimal(1)
    rate = ExchangeRate.objects.counting(currency, on).values_list("rate", flat=True).first()
    if rate is None:
        raise MissingRate(currency, on)
    return rate


def rounded(amount: Decimal) -> Decimal:
    """Return an amount to the hundredth; a half goes away from zero, as in PostgreSQL."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def convert(amount: Decimal, currency: str, to: str, on: datetime.date) -> Decimal:
    """Return what an amount is worth in another currency on a day, rounded once, at the end.

    Raises MissingRate.
    """
    if currency == to:
        return rounded(amount)
    return rounded(amount * rate_of(currency, on) / rate_of(to, on))


def in_reporting_currency(amount: str, currency: str, on: Any) -> Case:
    """Return the expression of an amount in the reporting currency; null where no rate is known.

    `amount` and `currency` are names of fields, `on` an expression of the day. Rounded as by `convert`.
    """
    rate = Subquery(ExchangeRate.objects.counting(OuterRef(currency), on).values("rate"))
    output: DecimalField[Decimal, Decimal] = DecimalField(max_digits=20, decimal_places=2)
    return Case(
        When(**{currency: Value(reporting_currency())}, then=F(amount)),
        default=Round(F(amount) * rate, precision=2, output_field=output),
        output_field=output,
    )
