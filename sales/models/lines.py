"""What a deal consists of, and its way through the stages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Round
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record, User
from sales.models.currencies import rounded
from sales.models.opportunities import MOST, Opportunity
from sales.models.pipelines import Stage
from sales.models.products import Product
from sales.models.triggers import line_triggers


class PricedLine(Record):
    """A line of something sold: how many at which price, less a discount; its total is rounded to the hundredth.

    A half goes away from zero.
    """

    product = models.ForeignKey(
        Product,
        verbose_name=_("product"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("What is sold, where it is on the list of products."),
    )
    description = models.CharField(
        _("description"), max_length=500, blank=True, help_text=_("What is sold, where the product does not say.")
    )
    quantity = models.DecimalField(
        _("quantity"), max_digits=12, decimal_places=3, default=Decimal(1), help_text=_("How many or how much.")
    )
    unit_price = models.DecimalField(
        _("unit price"), max_digits=14, decimal_places=2, help_text=_("Price of one unit, without tax.")
    )
    discount = models.DecimalField(
        _("discount"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        help_text=_("What is taken off, in percent."),
    )
    total = models.GeneratedField(
        expression=Round(F("quantity") * F("unit_price") * (Value(100) - F("discount")) / Value(100), precision=2),
        output_field=models.DecimalField(_("total"), max_digits=14, decimal_places=2),
        db_persist=True,
        verbose_name=_("total"),
        help_text=_("Quantity times price, less the discount, to the hundredth; a half goes up."),
    )

    class Meta(Record.Meta):
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="%(class)s_quantity_positive",
                violation_error_message=_("A quantity is more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0),
                name="%(class)s_price_not_negative",
                violation_error_message=_("A price is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(discount__gte=0, discount__lte=100),
                name="%(class)s_discount_percent",
                violation_error_message=_("A discount is from 0 to 100 percent."),
            ),
        ]

    def __str__(self) -> str:
        return self.description or (str(self.product) if self.product else "")

    def clean(self) -> None:
        """Refuse a line that comes to more than an amount can hold."""
        if None not in {self.quantity, self.unit_price, self.discount} and self.computed_total() >= MOST:
            raise ValidationError({"quantity": ValidationError(_("The total is too large."), code="too_large")})

    def computed_total(self) -> Decimal:
        """Return the total before the database has it."""
        return rounded(self.quantity * self.unit_price * (100 - self.discount) / 100)


class OpportunityLine(PricedLine):
    """A line of a deal, in the deal's currency; seen by whoever sees the deal."""

    visible_through = "opportunity"

    opportunity = models.ForeignKey(
        Opportunity,
        verbose_name=_("opportunity"),
        on_delete=models.CASCADE,
        related_name="lines",
        help_text=_("The deal that it is a line of."),
    )

    class Meta(PricedLine.Meta):
        verbose_name = _("opportunity line")
        verbose_name_plural = _("opportunity lines")
        triggers = [*Record.Meta.triggers, *line_triggers()]


class StageChange(Record):
    """That a deal moved from one stage to another; written by the database, whichever way it moved."""

    visible_through = "opportunity"

    opportunity = models.ForeignKey(
        Opportunity,
        verbose_name=_("opportunity"),
        on_delete=models.CASCADE,
        related_name="stage_changes",
        help_text=_("The deal that moved."),
    )
    from_stage = models.ForeignKey(
        Stage, verbose_name=_("from"), on_delete=models.PROTECT, related_name="+", help_text=_("Where it was.")
    )
    to_stage = models.ForeignKey(
        Stage, verbose_name=_("to"), on_delete=models.PROTECT, related_name="+", help_text=_("Where it went.")
    )
    changed_at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When it moved."))
    changed_by = models.ForeignKey(
        User,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who moved it; nobody where a program did by itself."),
    )
    seconds = models.BigIntegerField(
        _("time in stage"), default=0, help_text=_("How long it had been where it was, in seconds.")
    )

    class Meta(Record.Meta):
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")
        constraints = [models.CheckConstraint(condition=Q(seconds__gte=0), name="stage_change_takes_time")]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["changed_at", "id"], name="stage_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"

    @property
    def duration(self) -> timedelta:
        """How long it had been where it was."""
        return timedelta(seconds=self.seconds)
