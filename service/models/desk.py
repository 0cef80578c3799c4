"""What agents do right now: who looks at which ticket, and what they have typed and not sent yet.

Neither is a record: nobody asks for its history, and the change feed would be full of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import User, new_id
from service.models.messages import LONGEST
from service.models.tickets import Ticket

LOOKING: Final = timedelta(seconds=30)


class PresenceQuerySet(models.QuerySet[Any]):
    def lately(self, *, now: datetime | None = None) -> Self:
        """Keep who was there within the last half minute."""
        return self.filter(seen_at__gt=(now or timezone.now()) - LOOKING)


class Presence(models.Model):
    """A colleague has a ticket open, as their browser says every ten seconds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="presences")
    user = models.ForeignKey(User, verbose_name=_("colleague"), on_delete=models.CASCADE, related_name="+")
    is_replying = models.BooleanField(_("is replying"), default=False)
    seen_at = models.DateTimeField(_("seen"), default=timezone.now)

    objects: ClassVar[Any] = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="presence_once")]

    def __str__(self) -> str:
        said = _("%s is replying") if self.is_replying else _("%s is looking")
        return said % self.user


class Draft(models.Model):
    """What an agent typed on a ticket and did not send yet; nobody else reads it."""

    visible_through: ClassVar[str] = "ticket"  # whoever erases a customer finds it as a part of the ticket

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(User, verbose_name=_("author"), on_delete=models.CASCADE, related_name="+")
    body = models.TextField(_("text"), max_length=LONGEST)
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "author"], name="draft_once"),
            models.CheckConstraint(condition=~models.Q(body=""), name="draft_not_empty"),
        ]
        indexes = [models.Index(fields=["author", "saved_at"], name="draft_author")]

    def __str__(self) -> str:
        return " ".join(self.body.split())[:80]
