"""E-mails that came, and what became of each: none is lost, none counts twice, and none is tried for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import new_id
from customers.models import Customer
from service.models.tickets import Ticket

if TYPE_CHECKING:
    from datetime import datetime


class IncomingMailQuerySet(models.QuerySet["IncomingMail"]):
    def begin(self, digest: str, size: int, moment: datetime) -> int:
        """Note that an e-mail is being taken, and return how many times that was begun and never done, with this one.

        It is noted beforehand, so that an e-mail of which the process dies counts as one that fails.
        """
        known = {"size": size, "received_at": moment, "state": IncomingMail.State.TAKING}
        note, _is_new = self.get_or_create(key=f"taking {digest}", defaults=known)
        self.filter(pk=note.pk).update(attempts=F("attempts") + 1)
        return note.attempts + 1

    def end(self, digest: str) -> None:
        """Note that it was taken, refused, or did not fail by itself."""
        self.filter(key=f"taking {digest}").delete()


class IncomingMail(models.Model):
    """An e-mail that came to a support address; one that was refused is kept whole, to be tried again."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        IGNORED = "ignored", _("not for people")
        REFUSED = "refused", _("refused")
        TAKING = "taking", _("being taken")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    state = models.CharField(_("state"), max_length=10, choices=State)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    key = models.CharField(_("recognised by"), max_length=500)
    sender = models.CharField(_("from"), max_length=320, blank=True)
    recipients = models.CharField(_("to"), max_length=1000, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    size = models.PositiveBigIntegerField(_("size"))
    raw = models.BinaryField(_("as it came"), null=True, blank=True)
    ticket = models.ForeignKey(
        Ticket, verbose_name=_("ticket"), on_delete=models.SET_NULL, null=True, blank=True, related_name="incoming"
    )
    customer = models.ForeignKey(
        Customer, verbose_name=_("customer"), on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = IncomingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming e-mail")
        verbose_name_plural = _("incoming e-mail")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="incoming_once"),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "ignored", "refused", "taking"]), name="incoming_state_known"
            ),
            models.CheckConstraint(condition=Q(state="refused") | Q(raw__isnull=True), name="incoming_kept_if_refused"),
        ]
        indexes = [
            models.Index(fields=["received_at", "id"], name="incoming_received"),
            models.Index(fields=["sender", "received_at"], name="incoming_sender"),
        ]

    def __str__(self) -> str:
        return self.subject or self.sender or str(self.received_at)
