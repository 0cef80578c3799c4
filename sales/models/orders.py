"""Orders: what was sold, as the ERP has it. Only synchronisation writes them."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from crm.currencies import CURRENCY_CODE, currency_field
from crm.models import Record
from customers.models import Customer
from customers.models.customers import country_code
from sales.models.lines import PricedLine


class Order(Record):
    """An order of a customer, as the ERP has it; seen by whoever sees the customer."""

    visible_through = "customer"

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="orders",
        help_text=_("Who ordered."),
    )
    number = models.CharField(_("number"), max_length=50, help_text=_("Number of the order in the ERP."))
    ordered_on = models.DateField(_("ordered"), help_text=_("Day of the order."))
    required_on = models.DateField(_("required"), null=True, blank=True, help_text=_("By when the customer needs it."))
    shipped_on = models.DateField(_("shipped"), null=True, blank=True, help_text=_("When it left; none: not yet."))
    currency = currency_field(_("currency"), _("Currency of the order (ISO 4217)."))
    freight = models.DecimalField(
        _("freight"), max_digits=14, decimal_places=2, default=Decimal(0), help_text=_("Cost of shipping.")
    )
    total = models.DecimalField(
        _("total"),
        max_digits=16,
        decimal_places=4,
        default=Decimal(0),
        help_text=_("What it came to, as the ERP says; the sum of its lines where the ERP says nothing."),
    )
    ship_to_name = models.CharField(_("ship to"), max_length=200, blank=True, help_text=_("Who receives it."))
    ship_to_street = models.TextField(
        _("street"), max_length=500, blank=True, help_text=_("Street, number, building; several lines at need.")
    )
    ship_to_city = models.CharField(_("city"), max_length=100, blank=True, help_text=_("City or town."))
    ship_to_region = models.CharField(_("region"), max_length=100, blank=True, help_text=_("State or province."))
    ship_to_postal_code = models.CharField(_("postal code"), max_length=20, blank=True, help_text=_("Postal code."))
    ship_to_country = models.CharField(
        _("country"), max_length=2, blank=True, validators=[country_code], help_text=_("Country (ISO 3166-1).")
    )
    ordered_at = models.GeneratedField(  # the beginning of that day, for the timeline
        expression=Func(F("ordered_on"), template="((%(expressions)s + time '00:00') AT TIME ZONE 'UTC')"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    class Meta(Record.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(condition=~Q(number=""), name="order_number_given"),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name="order_currency_code"),
            models.CheckConstraint(condition=Q(ship_to_country__regex=r"^([A-Z]{2})?$"), name="order_country_code"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["number", "id"], name="order_number"),
            models.Index(fields=["ordered_on", "id"], name="order_ordered"),
            models.Index(fields=["total", "id"], name="order_total"),
            models.Index(fields=["customer", "ordered_at"], name="order_customer"),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(PricedLine):
    """A line of an order, in the order's currency; seen by whoever sees the order."""

    visible_through = "order"

    order = models.ForeignKey(
        Order,
        verbose_name=_("order"),
        on_delete=models.CASCADE,
        related_name="lines",
        help_text=_("The order that it is a line of."),
    )
    total = models.GeneratedField(  # not rounded to the hundredth, lest sums differ from those of the ERP
        expression=Round(F("quantity") * F("unit_price") * (Value(100) - F("discount")) / Value(100), precision=4),
        output_field=models.DecimalField(_("total"), max_digits=16, decimal_places=4),
        db_persist=True,
        verbose_name=_("total"),
        help_text=_("Quantity times price, less the discount, to the hundredth of a hundredth."),
    )

    class Meta(PricedLine.Meta):
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
