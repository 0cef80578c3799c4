"""What the company sells, as its ERP or price list says."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.currencies import CURRENCY_CODE, currency_field
from crm.models import Record, SearchKey

SEARCHED = ("code", "name")


class Product(Record):
    """Something that the company sells, at a list price."""

    search_fields = SEARCHED

    code = models.CharField(_("code"), max_length=50, help_text=_("Article number; no two products share one."))
    name = models.CharField(_("name"), max_length=200, help_text=_("Name of the product."))
    description = models.TextField(
        _("description"), max_length=10_000, blank=True, help_text=_("What buyers should know.")
    )
    price = models.DecimalField(
        _("price"), max_digits=14, decimal_places=2, default=0, help_text=_("List price of one unit, without tax.")
    )
    currency = currency_field(_("currency"), _("Currency of the price (ISO 4217)."))
    unit = models.CharField(
        _("unit"), max_length=50, blank=True, help_text=_("What one of it is, such as box or hour.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Whether it is still sold; deals and orders keep it.")
    )

    class Meta(Record.Meta):
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                name="product_code_unique",
                violation_error_message=_("There is a product of this code."),
            ),
            models.CheckConstraint(
                condition=~Q(code="") & ~Q(name=""),
                name="product_named",
                violation_error_message=_("A product needs a code and a name."),
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0),
                name="product_price_not_negative",
                violation_error_message=_("A price is not negative."),
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name="product_currency_code"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["name", "id"], name="product_name"),
            models.Index(fields=["price", "id"], name="product_price"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="product_search"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
