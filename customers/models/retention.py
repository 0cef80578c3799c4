"""How long customers are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Change, Task, new_id
from customers.models.customers import Customer
from customers.models.interactions import Interaction

if TYPE_CHECKING:
    from datetime import datetime


class RetentionRuleQuerySet(models.QuerySet["RetentionRule"]):
    def in_use(self) -> Self:
        """Keep the rules that count, those of the fewest days first."""
        return self.filter(is_active=True).order_by("days", "id")


class RetentionRule(models.Model):
    """What becomes of customers with whom nothing has happened for so long."""

    class Verb(models.TextChoices):
        ERASE = "erase", _("erase")
        DEACTIVATE = "deactivate", _("deactivate")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("What people call it; the reason on certificates."))
    kind = models.CharField(
        _("kind"), max_length=12, choices=Customer.Kind, blank=True, help_text=_("Only these; empty: both.")
    )
    lifecycle = models.CharField(
        _("lifecycle"), max_length=10, choices=Customer.Lifecycle, help_text=_("Customers that stand here.")
    )
    days = models.PositiveIntegerField(
        _("days"),
        validators=[MinValueValidator(1)],
        help_text=_("So many days since anything of the customer was changed, and since the last interaction."),
    )
    verb = models.CharField(_("what is done"), max_length=10, choices=Verb, help_text=_("What becomes of them."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Whether the rule counts."))

    objects = RetentionRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="retention_rule_name"),
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_rule_days"),
            models.CheckConstraint(condition=Q(verb__in=["erase", "deactivate"]), name="retention_rule_verb_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def due(self, now: datetime | None = None) -> Any:
        """Return the customers that the rule is about today; never one of whom an open task is to be done."""
        earliest = (now or timezone.now()) - timedelta(days=self.days)
        rows = Customer.objects.filter(lifecycle=self.lifecycle, updated_at__lt=earliest, created_at__lt=earliest)
        rows = rows.filter(kind=self.kind) if self.kind else rows
        open_tasks = Task.objects.filter(customer=OuterRef("pk"), status=Task.Status.OPEN)
        lately = Interaction.objects.filter(customer=OuterRef("pk"), occurred_at__gte=earliest)
        # What the rules themselves do lets nobody's time begin anew.
        changes = Change.objects.filter(customer=OuterRef("pk"), at__gte=earliest).exclude(command="apply_retention")
        rows = rows.filter(~Exists(open_tasks), ~Exists(lately), ~Exists(changes))
        return rows.filter(erased_at__isnull=True) if self.verb == self.Verb.ERASE else rows.filter(is_active=True)
