"""Answers that are kept, so that a request that is sent again takes effect once."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IdempotencyKey(models.Model):
    """A request that its sender named, and how it was answered; written in the transaction of its effect."""

    user = models.ForeignKey("crm.User", verbose_name=_("user"), on_delete=models.CASCADE, related_name="+")
    application = models.CharField(_("application"), max_length=100)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, help_text=_("SHA-256 of the request."))
    status = models.PositiveSmallIntegerField(_("status"))
    headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(_("headers"), default=dict)
    body = models.BinaryField(_("body"), help_text=_("Sealed: an answer may show a secret."))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["user", "application", "key"], name="idempotency_key_unique")]

    def __str__(self) -> str:
        return self.key
