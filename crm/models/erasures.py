"""What was erased: a certificate that says so, and nothing about whom."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.about import kinds
from crm.database.expressions import ExistsForEach
from crm.models.identifiers import new_id

if TYPE_CHECKING:
    from crm.models.users import User


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, user: User) -> Self:
        """Keep those of customers that `user` may see."""
        seen = Q(pk__in=[])
        for label, kind in kinds().items():
            if kind.concerns == "id":
                rows = kind.objects.visible_to(user).filter(pk=OuterRef("customer"))
                seen |= Q(Q(model=label), ExistsForEach(rows))
        return self.filter(seen)


class Erasure(models.Model):
    """That what was held on a customer was erased: when, by whom, why, and how much; no word about the customer."""

    id = models.UUIDField(
        primary_key=True, default=new_id, editable=False, help_text=_("Identifier, given by the CRM.")
    )
    at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When."))
    by = models.ForeignKey(
        "crm.User",
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Who erased it; null where a retention rule did."),
    )
    reason = models.CharField(_("reason"), max_length=500, help_text=_("Why; without a word about the customer."))
    model = models.CharField(_("kind of record"), max_length=100)
    customer = models.UUIDField(_("customer"), help_text=_("Id of the customer, which stays."))
    counts: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        _("counts"), default=dict, help_text=_("How many rows of each kind were emptied or deleted.")
    )
    sha256 = models.CharField(
        _("SHA-256"),
        max_length=64,
        help_text=_("Hash of the certificate without this field, as JSON with sorted keys and no spaces."),
    )

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="erasure_has_reason")]
        indexes = [
            models.Index(fields=["customer", "at"], name="erasure_customer"),
            models.Index(fields=["at", "id"], name="erasure_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.customer}"

    def content(self) -> dict[str, Any]:
        """Return what the hash is of."""
        return {
            "id": str(self.pk),
            "at": self.at.isoformat(),
            "by": str(self.by_id) if self.by_id else None,
            "reason": self.reason,
            "customer": str(self.customer),
            "counts": self.counts,
        }

    def digest(self) -> str:
        """Return the hash that belongs to the content."""
        text = json.dumps(self.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode()).hexdigest()
