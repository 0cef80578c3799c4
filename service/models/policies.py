"""What is promised: how soon a ticket gets its first answer, and how soon it is resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Final

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import Record, User
from service.models.hours import BusinessHours

CLOCKS: Final = ("first_response", "resolution")


class Priority(models.TextChoices):
    """How much a ticket matters, least first."""

    LOW = "low", _("low")
    NORMAL = "normal", _("normal")
    HIGH = "high", _("high")
    URGENT = "urgent", _("urgent")


def target(name: Any) -> Any:
    """Return the field of one promise."""
    return models.PositiveIntegerField(
        name,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Minutes of business time at most; empty: nothing is promised."),
    )


class SLAPolicy(Record):
    """Targets of the first response and the resolution by priority, in minutes of business time."""

    not_in_feed: ClassVar[tuple[str, ...]] = ("followed_at",)

    name = models.CharField(_("name"), max_length=100, help_text=_("What people call it."))
    hours = models.ForeignKey(
        BusinessHours,
        verbose_name=_("business hours"),
        on_delete=models.PROTECT,
        related_name="policies",
        help_text=_("When its clocks run."),
    )
    first_response_urgent = target(_("first response, urgent"))
    first_response_high = target(_("first response, high"))
    first_response_normal = target(_("first response, normal"))
    first_response_low = target(_("first response, low"))
    resolution_urgent = target(_("resolution, urgent"))
    resolution_high = target(_("resolution, high"))
    resolution_normal = target(_("resolution, normal"))
    resolution_low = target(_("resolution, low"))
    pauses_on_hold = models.BooleanField(
        _("pauses on hold"),
        default=False,
        help_text=_("Whether clocks stand still on hold too; they always do while the customer is waited for."),
    )
    warning_minutes = models.PositiveIntegerField(
        _("warning, minutes before"), default=60, help_text=_("How long before a target is missed somebody is told.")
    )
    escalate_to = models.ForeignKey(
        User,
        verbose_name=_("escalates to"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who is told of a missed target besides the assignee; left out: the manager of the team."),
    )
    followed_at = models.DateTimeField(
        _("followed"), null=True, blank=True, editable=False, help_text=_("The change that clocks follow by now.")
    )

    class Meta(Record.Meta):
        verbose_name = _("SLA policy")
        verbose_name_plural = _("SLA policies")
        indexes = [*Record.Meta.indexes, models.Index(fields=["name", "id"], name="sla_policy_name")]

    def __str__(self) -> str:
        return self.name

    def target(self, clock: str, priority: str) -> timedelta | None:
        """Return what is promised of a clock at a priority; None for nothing."""
        minutes: int | None = getattr(self, f"{clock}_{priority}")
        return None if minutes is None else timedelta(minutes=minutes)
