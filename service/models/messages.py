"""What is said on a ticket: the customer's messages, our replies, and notes among ourselves."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey, User
from service.models.tickets import Ticket

SEARCHED: Final = ("subject", "body")
LONGEST: Final = 200_000


class TicketMessage(Record):
    """One message of a ticket's thread; seen by whoever sees the ticket."""

    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("from the customer")
        REPLY = "reply", _("reply")
        NOTE = "note", _("internal note")

    class Delivery(models.TextChoices):
        NONE = "none", _("not by e-mail")
        QUEUED = "queued", _("to be sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")

    visible_through = "ticket"
    search_fields = SEARCHED

    ticket = models.ForeignKey(
        Ticket,
        verbose_name=_("ticket"),
        on_delete=models.CASCADE,
        related_name="messages",
        help_text=_("The ticket in whose thread it stands."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, help_text=_("Who says it to whom."))
    author = models.ForeignKey(
        User,
        verbose_name=_("author"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The colleague who wrote it; none for the customer's."),
    )
    written_at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When it was written or received."))
    subject = models.CharField(_("subject"), max_length=200, blank=True, help_text=_("Subject of the e-mail."))
    body = models.TextField(_("text"), max_length=LONGEST, help_text=_("What it says, as plain text."))
    html = models.TextField(
        _("HTML"), blank=True, help_text=_("What it says with its form, harmless: the parts that could act are gone.")
    )
    from_address = models.CharField(
        _("from"), max_length=320, blank=True, help_text=_("E-mail address that it came from.")
    )
    to_address = models.CharField(_("to"), max_length=320, blank=True, help_text=_("E-mail address that it goes to."))
    message_id = models.CharField(
        _("message id"), max_length=500, blank=True, help_text=_("Message-ID of the e-mail (RFC 5322).")
    )
    in_reply_to = models.CharField(
        _("in reply to"), max_length=500, blank=True, help_text=_("Message-ID of the e-mail that it answers.")
    )
    delivery = models.CharField(
        _("delivery"), max_length=10, choices=Delivery, default=Delivery.NONE, help_text=_("Whether it left by e-mail.")
    )
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, help_text=_("When it left by e-mail."))
    delivery_error = models.CharField(
        _("error"), max_length=500, blank=True, help_text=_("Why it did not leave, as the server said.")
    )

    class Meta(Record.Meta):
        verbose_name = _("ticket message")
        verbose_name_plural = _("ticket messages")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["customer", "reply", "note"]), name="message_kind_known"),
            models.CheckConstraint(
                condition=Q(delivery__in=["none", "queued", "sent", "failed"]), name="message_delivery_known"
            ),
            models.CheckConstraint(condition=~Q(kind="note") | Q(delivery="none"), name="message_note_stays_here"),
            models.UniqueConstraint(
                fields=["message_id"],
                condition=~Q(message_id=""),
                name="message_once",
                violation_error_message=_("This e-mail is there already."),
            ),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["written_at", "id"], name="message_written"),
            models.Index(fields=["ticket", "written_at", "id"], name="message_thread"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="message_search"),
        ]

    def __str__(self) -> str:
        return " ".join(self.body.split())[:80]

    @property
    def is_public(self) -> bool:
        """Whether the customer sees it."""
        return self.kind != self.Kind.NOTE
