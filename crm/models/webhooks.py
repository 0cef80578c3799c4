"""Subscriptions to changes, what was sent for them, and how it went."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import RefreshToken

from crm.models.applications import FIRST_PARTY, Application
from crm.models.identifiers import new_id
from crm.models.users import User


def signed_out() -> Q:
    """Return the condition that somebody ended the sign-in by which a webhook was made; expiry is no end."""
    family = RefreshToken.objects.filter(token_family=OuterRef("token_family"))
    return Q(Exists(family.filter(revoked__isnull=False)), ~Exists(family.filter(revoked=None)))


def switched_off() -> Q:
    """Return the condition that the application which made a webhook is switched off."""
    return Q(Exists(Application.objects.filter(pk=OuterRef("application"), is_active=False)))


def disabled() -> Q:
    """Return the condition that the account which a webhook belongs to is disabled."""
    return Q(Exists(User.objects.filter(pk=OuterRef("user"), is_active=False)))


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: User) -> Self:
        """Keep a user's own; administrators see all."""
        return self if user.view_level(self.model) or user.has_perm("crm.change_webhook") else self.filter(user=user.pk)

    def handled_by(self, client_id: str) -> Self:
        """Keep those that an application made; who signs in to the CRM itself handles what all of them made."""
        return self if client_id == FIRST_PARTY else self.filter(application__client_id=client_id)

    def founded(self) -> Self:
        """Keep those whose person, application and sign-in still count.

        Nothing is joined, so that an update asks this of the row as it is once others have let go of it.
        """
        return self.filter(~signed_out(), ~switched_off(), ~disabled(), ended_at=None)

    def sending(self) -> Self:
        """Keep those to which something may be sent now: asked before a job is made, and again before each message."""
        now = timezone.now()
        return self.founded().filter(Q(retry_at=None) | Q(retry_at__lte=now), paused_at=None)

    def end(self, reason: str) -> int:
        """Send nothing any more, since what the webhooks stood on is gone; return how many ended now."""
        now = timezone.now()
        paused = Coalesce("paused_at", now, output_field=models.DateTimeField())
        return self.filter(ended_at=None).update(ended_at=now, paused_at=paused, pause_reason=reason)


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
    application = models.ForeignKey(
        "crm.Application",
        verbose_name=_("application"),
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        related_name="+",
        help_text=_("Program that made it; empty where it was made on the screens."),
    )
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(
        _("scopes"), default=list, help_text=_("What the token allowed that last said what is heard.")
    )
    token_family = models.UUIDField(_("token family"), null=True, editable=False)  # of the sign-in that made it
    secret = models.BinaryField(_("secret"))
    previous_secret = models.BinaryField(_("previous secret"), null=True)
    previous_until = models.DateTimeField(_("previous secret counts until"), null=True)
    transaction = models.BigIntegerField(_("transaction"), default=0)
    sequence = models.BigIntegerField(_("sequence"), default=0)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True, help_text=_("Since when nothing is sent."))
    pause_reason = models.CharField(
        _("reason of the pause"), max_length=200, blank=True, help_text=_("Why nothing is sent.")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)  # until its application takes it up again
    failures = models.PositiveSmallIntegerField(_("failures"), default=0)  # in a row
    credit = models.PositiveSmallIntegerField(_("credit"), default=0, db_default=0)  # of failures that hold up nothing
    retry_at = models.DateTimeField(
        _("sends again at"),
        null=True,
        editable=False,
        help_text=_("Until when nothing is sent, since the last message did not arrive."),
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


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self) -> Self:
        """Keep messages whose time has come, of each record only the first that waits, in their order."""
        now = Q(next_attempt_at=None) | Q(next_attempt_at__lte=timezone.now())
        same = {"webhook": OuterRef("webhook"), "record": OuterRef("record"), "status": "waiting"}
        earlier = WebhookDelivery.objects.filter(**same, sequence__lt=OuterRef("sequence"))
        return self.filter(now, ~Exists(earlier), status="waiting").order_by("sequence", "id")

    def behind(self, delivery: WebhookDelivery) -> Self:
        """Keep the messages that wait for another about the same record."""
        same = {"webhook": delivery.webhook_id, "record": delivery.record, "status": "waiting"}
        return self.filter(**same, sequence__gt=delivery.sequence)


class WebhookDelivery(models.Model):
    """One message: a change for one webhook. Its id stays the same, however often it is sent."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        WITHHELD = "withheld", _("withheld")  # whom the webhook belongs to no longer saw what it tells of

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier of the message."))
    webhook = models.ForeignKey(
        Webhook, verbose_name=_("webhook"), on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event = models.CharField(_("event"), max_length=120, help_text=_("What it is about, such as customers.updated."))
    record = models.UUIDField(_("record"), null=True, help_text=_("Record that changed."))
    changed_at = models.DateTimeField(_("changed at"), help_text=_("When it changed."))
    sequence = models.BigIntegerField(_("sequence"), default=0)  # of the change, which tells a record's apart
    lane = models.PositiveSmallIntegerField(_("lane"), default=0)  # the messages of one are sent one after the other
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

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = [
            models.Index(fields=["webhook", "created_at", "id"], name="webhook_delivery_log"),
            models.Index(
                fields=["webhook", "lane", "sequence"],
                condition=Q(status="waiting"),
                name="webhook_delivery_waiting",
            ),
            models.Index(
                fields=["webhook", "record", "sequence"],
                condition=Q(status="waiting"),
                name="webhook_delivery_of_record",
            ),
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
