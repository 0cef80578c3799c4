"""Where a customer is."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Record
from customers.models.customers import Customer, country_code


class Address(Record):
    """A postal address of a customer; seen by whoever sees the customer."""

    class Type(models.TextChoices):
        OFFICE = "office", _("office")
        BILLING = "billing", _("billing")
        SHIPPING = "shipping", _("shipping")
        HOME = "home", _("home")
        OTHER = "other", _("other")

    visible_through = "customer"

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="addresses",
        help_text=_("Whose address this is."),
    )
    type = models.CharField(
        _("type"), max_length=10, choices=Type, default=Type.OFFICE, help_text=_("What the address is used for.")
    )
    street = models.TextField(
        _("street"), max_length=500, blank=True, help_text=_("Street, number, building; several lines at need.")
    )
    city = models.CharField(_("city"), max_length=100, blank=True, help_text=_("City or town."))
    region = models.CharField(_("region"), max_length=100, blank=True, help_text=_("State or province."))
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True, help_text=_("Postal code."))
    country = models.CharField(
        _("country"), max_length=2, validators=[country_code], help_text=_("Country (ISO 3166-1).")
    )
    is_primary = models.BooleanField(
        _("primary"), default=False, help_text=_("The one to use when nothing else is said; at most one a customer.")
    )

    class Meta(Record.Meta):
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(type__in=["office", "billing", "shipping", "home", "other"]), name="address_type_known"
            ),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="address_country_code"),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(is_primary=True),
                name="address_one_primary",
                violation_error_message=_("The customer already has a primary address."),
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, [self.street.replace("\n", ", "), self.postal_code, self.city, self.country]))

    def clean(self) -> None:
        """Refuse an address that says nothing but the country."""
        if not (self.street or self.city or self.postal_code):
            raise ValidationError({"street": _("Give a street, a city or a postal code.")})
