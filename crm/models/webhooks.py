"""Subscriptions to changes, what was sent for them, and how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id

if TYPE_CHECKING:
    from crm.models.users import User


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: User) -> Self:
        """Keep a user's own; administrators see all."""
        return self if user.view_level(self.model) or user.has_perm("crm.change_webhook") else self.filter(user=user.pk)


class Webhook(models.Model):
    """A subscription: changes of some records are sent to an address, as far as its user may see them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    url = models.URLField(_("address"), max_length=2000, help_text=_("Where changes are sent, by POST."))
    description = models.CharField(_("description"), max_length=200, blank=True, help_text=_("What it is for."))
    resources: models.JSONField[list[str], list[str]] = models.JSONField(
        _("resources"),
        default=list,
        blank=True,
        help_text=_("Lists whose changes are sent, such as customers; empty: all."),
    )
    actions: models.JSONField[list[str], list[str]] = models.JSONField(
        _("actions"),
        default=list,
        blank=True,
        help_text=_("What is sent: created, updated, deleted, erased; empty: all."),
    )
    user = models.ForeignKey(
        "crm.User",
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Whose view of the records counts."),
    )
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(
        _("scopes"), default=list, help_text=_("What the token allowed that made it.")
    )
    secret = models.BinaryField(_("secret"))
    previous_secret = models.BinaryField(_("previous secret"), null=True)
    previous_until = models.DateTimeField(_("previous secret counts until"), null=True)
    transaction = models.BigIntegerField(_("transaction"), default=0)
    sequence = models.BigIntegerField(_("sequence"), default=0)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, help_text=_("Since when nothing is sent."))
    pause_reason = models.CharField(
        _("reason of the pause"), max_length=200, blank=True, help_text=_("Why nothing is sent.")
    )
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When it was made.")
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, help_text=_("When it was last changed."))

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.description or self.url


class WebhookDelivery(models.Model):
    """One message: a change for one webhook. Its id stays the same, however often it is sent."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier of the message."))
    webhook = models.ForeignKey(
        Webhook, verbose_name=_("webhook"), on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event = models.CharField(_("event"), max_length=120, help_text=_("What it is about, such as customers.updated."))
    record = models.UUIDField(_("record"), null=True, help_text=_("Record that changed."))
    changed_at = models.DateTimeField(_("changed at"), help_text=_("When it changed."))
    body: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("body"), help_text=_("What is sent."))
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.WAITING, help_text=_("How it stands.")
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, help_text=_("How often it was sent."))
    first_attempt_at = models.DateTimeField(_("first attempt at"), null=True)
    next_attempt_at = models.DateTimeField(
        _("next attempt at"), null=True, help_text=_("When it is sent again; null when it is not.")
    )
    delivered_at = models.DateTimeField(_("delivered at"), null=True, help_text=_("When the receiver took it."))
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When it was made.")
    )

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = [
            models.Index(fields=["webhook", "created_at", "id"], name="webhook_delivery_log"),
            models.Index(fields=["webhook"], condition=Q(status="waiting"), name="webhook_delivery_waiting"),
            models.Index(fields=["created_at", "id"], name="webhook_delivery_created"),
            models.Index(fields=["record"], name="webhook_delivery_record"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.pk}"

    @property
    def message(self) -> str:
        """The message's id as receivers see it."""
        return f"msg_{self.pk.hex}"


class WebhookAttempt(models.Model):
    """One try to deliver a message: what was sent, what came back."""

    delivery = models.ForeignKey(
        WebhookDelivery, verbose_name=_("webhook delivery"), on_delete=models.CASCADE, related_name="tries"
    )
    at = models.DateTimeField(_("time"), default=timezone.now)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    request_headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(_("request headers"))
    response_headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        _("response headers"), default=dict
    )
    response_body = models.TextField(_("response body"), blank=True)

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")

    def __str__(self) -> str:
        return self.error or str(self.status)
