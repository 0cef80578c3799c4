"""The history: what was said and done between a customer and us."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import AboutRecord, SearchKey, User
from customers.models.customers import Customer

SEARCHED = ("subject", "body")


class Interaction(AboutRecord):
    """One contact with a customer; seen by whoever sees the customer."""

    class Kind(models.TextChoices):
        CALL = "call", _("call")
        EMAIL = "email", _("e-mail")
        MEETING = "meeting", _("meeting")
        MESSAGE = "message", _("message")
        NOTE = "note", _("note")
        VISIT = "visit", _("visit")

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("inbound")
        OUTBOUND = "outbound", _("outbound")
        INTERNAL = "internal", _("internal")

    visible_through = "customer"
    search_fields = SEARCHED

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="interactions",
        help_text=_("With whom."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, help_text=_("By which means."))
    direction = models.CharField(
        _("direction"),
        max_length=10,
        choices=Direction,
        default=Direction.OUTBOUND,
        help_text=_("From the customer, to the customer, or among ourselves."),
    )
    occurred_at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When it began."))
    duration = models.PositiveIntegerField(
        _("duration"), null=True, blank=True, help_text=_("How long it took, in seconds.")
    )
    subject = models.CharField(_("subject"), max_length=200, help_text=_("What it was about, in a line."))
    body = models.TextField(_("body"), max_length=100_000, blank=True, help_text=_("What was said or written."))
    user = models.ForeignKey(
        User,
        verbose_name=_("colleague"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="interactions",
        help_text=_("Who on our side; the one who records it, unless said otherwise."),
    )

    class Meta(AboutRecord.Meta):
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["call", "email", "meeting", "message", "note", "visit"]),
                name="interaction_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=["inbound", "outbound", "internal"]), name="interaction_direction_known"
            ),
            *AboutRecord.Meta.constraints,
        ]
        indexes = [
            *AboutRecord.Meta.indexes,
            models.Index(fields=["occurred_at", "id"], name="interaction_occurred"),
            models.Index(fields=["customer", "occurred_at", "id"], name="interaction_customer"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="interaction_search"),
        ]

    def __str__(self) -> str:
        return self.subject
