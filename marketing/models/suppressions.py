"""Addresses to which nothing more is sent, whoever has them."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from crm.querysets import Public


def normalised(address: str) -> str:
    """Return an e-mail address as it is compared: without case, its domain in ASCII."""
    name, at, domain = address.strip().casefold().rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{name}{at}{domain}"


def spellings(address: str) -> set[str]:
    """Return an e-mail address as customers may have it: its domain in ASCII, and in its own letters."""
    usual = normalised(address)
    name, at, domain = usual.rpartition("@")
    found = {address, usual}
    with suppress(UnicodeError):
        found.add(f"{name}{at}{domain.encode('ascii').decode('idna')}")
    return found


def digest_of(address: str) -> str:
    """Return the digest by which an address is known after it was erased."""
    return hashlib.sha256(normalised(address).encode()).hexdigest()


class SuppressionQuerySet(Public, models.QuerySet["Suppression"]):
    def of(self, address: str) -> Self:
        """Keep the one of an address."""
        return self.filter(digest=digest_of(address))


class Suppression(models.Model):
    """That nothing more is sent to an e-mail address, and why; an erased address stays suppressed by its digest."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("bounce")
        COMPLAINT = "complaint", _("complaint")
        UNSUBSCRIBE = "unsubscribe", _("unsubscribed")
        MANUAL = "manual", _("by hand")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    address = models.EmailField(
        _("address"), blank=True, help_text=_("The address; empty once whoever has it was erased.")
    )
    digest = models.CharField(
        _("digest"), max_length=64, unique=True, editable=False, help_text=_("SHA-256 of the address in lower case.")
    )
    reason = models.CharField(
        _("reason"), max_length=11, choices=Reason, default=Reason.MANUAL, help_text=_("Why nothing more is sent.")
    )
    detail = models.CharField(
        _("detail"), max_length=500, blank=True, help_text=_("What else to know, such as the answer of a server.")
    )
    created_at = models.DateTimeField(
        _("since"), default=timezone.now, editable=False, help_text=_("Since when nothing is sent.")
    )

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=["bounce", "complaint", "unsubscribe", "manual"]),
                name="suppression_reason_known",
            ),
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="suppression_digest"),
        ]
        indexes = [
            models.Index(fields=["address"], name="suppression_address"),
            models.Index(fields=["created_at", "id"], name="suppression_since"),
        ]

    def __str__(self) -> str:
        return self.address or self.digest[:12]

    def save(self, **kwargs: Any) -> None:
        self.complete()
        super().save(**kwargs)

    def clean(self) -> None:
        """Complete the address and its digest; refuse none, and one that is suppressed already."""
        self.complete()
        if not self.digest:
            raise ValidationError({"address": _("Give an address.")})
        if type(self).objects.filter(digest=self.digest).exclude(pk=self.pk).exists():
            raise ValidationError({"address": ValidationError(_("The address is suppressed already."), code="unique")})

    def complete(self) -> None:
        """Fill what follows from the address: its usual form, and its digest."""
        if self.address:
            self.address, self.digest = normalised(self.address), digest_of(self.address)
