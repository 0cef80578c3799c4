"""The evidence behind the clocks: how a ticket stood when, and which warnings were given."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from service.models.measured import Status
from service.models.tickets import Ticket


class StatusPeriod(models.Model):
    """A stretch of time in which a ticket stood so; the database writes it whenever that changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="periods")
    status = models.CharField(_("status"), max_length=10, choices=Status)
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        constraints = [
            models.UniqueConstraint(fields=["ticket"], condition=Q(ended_at__isnull=True), name="period_one_open"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at")), name="period_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} {self.began_at:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """A warning that a target is about to be missed, or word that it was; of each promise given once."""

    class Clock(models.TextChoices):
        FIRST_RESPONSE = "first_response", _("first response")
        RESOLUTION = "resolution", _("resolution")

    class Event(models.TextChoices):
        WARNING = "warning", _("warning")
        BREACH = "breach", _("missed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="alerts")
    clock = models.CharField(_("target"), max_length=15, choices=Clock)
    event = models.CharField(_("event"), max_length=10, choices=Event)
    target = models.PositiveIntegerField(_("minutes promised"))
    due_at = models.DateTimeField(_("due"))
    given_at = models.DateTimeField(_("given"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("SLA alert")
        verbose_name_plural = _("SLA alerts")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "clock", "event", "target"], name="alert_once"),
            models.CheckConstraint(condition=Q(clock__in=["first_response", "resolution"]), name="alert_clock_known"),
            models.CheckConstraint(condition=Q(event__in=["warning", "breach"]), name="alert_event_known"),
        ]
        indexes = [models.Index(fields=["given_at", "id"], name="alert_given")]

    def __str__(self) -> str:
        return f"{self.get_clock_display()}: {self.get_event_display()}"
