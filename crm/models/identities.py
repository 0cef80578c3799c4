"""Which database this is: written down in it, so that a copy is told from what it was copied from."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class DatabaseIdentity(models.Model):
    """By what this database was known when it was last looked at, in one row, and whether it may send."""

    class Reason(models.TextChoices):
        COPIED = "copied", _("restored from a backup, or copied")
        MOVED = "moved", _("used under another address")
        REWOUND = "rewound", _("restored to a point in time")
        DECLARED = "declared", _("stopped by an operator")

    marks = models.CharField(_("marks"), max_length=200, help_text=_("By what PostgreSQL tells it from others."))
    host = models.CharField(_("host"), max_length=253, help_text=_("Host of the address of the CRM."))
    epoch = models.CharField(_("epoch"), max_length=16, help_text=_("Stands in the positions of the change feed."))
    begins_at = models.BigIntegerField(
        _("first number"), default=0, help_text=_("From which number of a transaction on the epoch reaches.")
    )
    former_epochs: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=16), verbose_name=_("former epochs"), default=list
    )
    accepts_former = models.BooleanField(
        _("accepts former epochs"), default=True, help_text=_("Positions of former epochs are good here, too.")
    )
    seen_at = models.DateTimeField(_("last used at"), default=timezone.now)
    held_since = models.DateTimeField(_("sends nothing since"), null=True)
    held_reason = models.CharField(_("because it was"), max_length=10, choices=Reason, blank=True)

    class Meta:
        verbose_name = _("identity of the database")
        verbose_name_plural = _("identity of the database")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="database_identity_one_row")]

    def __str__(self) -> str:
        return self.epoch

    @property
    def accepted(self) -> tuple[str, ...]:
        """The epochs whose positions are good here."""
        return (self.epoch, *(self.former_epochs if self.accepts_former else ()))
