"""Whom campaigns are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import Record
from customers.models import Customer

if TYPE_CHECKING:
    from customers.models import CustomerQuerySet


class Segment(Record):
    """Some of the customers."""

    name = models.CharField(_("name"), max_length=200, help_text=_("What colleagues call it."))

    class Meta(Record.Meta):
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name

    def customers(self) -> CustomerQuerySet:
        """Return the customers who belong to it, whoever may see them."""
        return Customer.objects.all()
