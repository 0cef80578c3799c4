"""Customers that may be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import User, new_id
from customers.models.customers import Customer

if TYPE_CHECKING:
    from typing import Any


class DuplicateQuerySet(models.QuerySet["Duplicate"]):
    def visible_to(self, user: User) -> Self:
        """Keep the pairs of which `user` may see both customers."""
        if user.view_level(Customer) == "all":
            return self
        seen = Customer.objects.visible_to(user)
        return self.filter(Exists(seen.filter(pk=OuterRef("first"))), Exists(seen.filter(pk=OuterRef("second"))))

    def standing(self) -> Self:
        """Keep the pairs of which nobody has said that they are two."""
        return self.filter(dismissed_at__isnull=True)

    def of(self, customer: Any) -> Self:
        """Keep the pairs that a customer is in."""
        return self.filter(Q(first=customer) | Q(second=customer))


class Duplicate(models.Model):
    """Two customers that may be one, found by the worker; or of whom a colleague has said that they are two."""

    class Reason(models.TextChoices):
        EMAIL = "email", _("same e-mail")
        PHONE = "phone", _("same phone")
        TAX_ID = "tax_id", _("same tax id")
        DOMAIN = "domain", _("same domain")
        NAME = "name", _("same name")
        SIMILAR_NAME = "similar_name", _("similar name")

    is_merged: ClassVar[bool] = False

    id = models.UUIDField(
        primary_key=True, default=new_id, editable=False, help_text=_("Identifier, given by the CRM.")
    )
    first = models.ForeignKey(
        Customer,
        verbose_name=_("first"),
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("The customer that was here first."),
    )
    second = models.ForeignKey(
        Customer, verbose_name=_("second"), on_delete=models.CASCADE, related_name="+", help_text=_("The other one.")
    )
    score = models.DecimalField(
        _("score"), max_digits=3, decimal_places=2, help_text=_("How likely they are one, from 0 to 1.")
    )
    reasons = ArrayField(
        models.CharField(max_length=20, choices=Reason), verbose_name=_("reasons"), help_text=_("What they share.")
    )
    found_at = models.DateTimeField(_("found at"), default=timezone.now, help_text=_("When the pair was found."))
    dismissed_at = models.DateTimeField(
        _("dismissed at"), null=True, blank=True, help_text=_("When a colleague said that they are two.")
    )
    dismissed_by = models.ForeignKey(
        User,
        verbose_name=_("dismissed by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who said so."),
    )

    objects = DuplicateQuerySet.as_manager()

    class Meta:
        verbose_name = _("duplicate")
        verbose_name_plural = _("duplicates")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_in_order"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="duplicate_score_range"),
        ]
        indexes = [models.Index(fields=["score", "id"], name="duplicate_score")]

    def __str__(self) -> str:
        return f"{self.first} ~ {self.second}"

    def reason_words(self) -> list[str]:
        """Return the reasons as people read them."""
        return [str(self.Reason(reason).label) for reason in self.reasons]
