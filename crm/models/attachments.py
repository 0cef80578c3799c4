"""Files attached to records; the content lies in a store of its own, and here is what is known of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.records import Record


class Attachment(Record):
    """A file attached to a record; seen by whoever sees the record, and by nobody else."""

    follows_about = True

    about_type = models.CharField(
        _("about, kind"), max_length=50, help_text=_("Kind of the record it is attached to, such as `sales.lead`.")
    )
    about_id = models.UUIDField(_("about, id"), help_text=_("Id of that record."))
    customer = models.UUIDField(
        _("customer"), null=True, editable=False, help_text=_("The customer that the record concerned then, if any.")
    )
    name = models.CharField(_("name"), max_length=255, help_text=_("Name of the file."))
    size = models.BigIntegerField(_("size"), editable=False, help_text=_("Length in bytes."))
    media_type = models.CharField(
        _("media type"), max_length=100, editable=False, help_text=_("What the content is, as the content itself says.")
    )
    sha256 = models.CharField(_("SHA-256"), max_length=64, editable=False, help_text=_("Hash of the content, in hex."))
    uploaded_by = models.ForeignKey(
        "crm.User",
        verbose_name=_("uploaded by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        help_text=_("Who sent it."),
    )

    class Meta(Record.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(about_type=""), name="attachment_named"),
            models.CheckConstraint(condition=Q(size__gt=0), name="attachment_not_empty"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["about_id", "id"], name="attachment_about"),
            models.Index(fields=["customer", "created_at"], name="attachment_customer"),
            models.Index(fields=["name", "id"], name="attachment_name"),
            models.Index(fields=["sha256"], name="attachment_sha256"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        """Name of the content in the store: nothing that a user wrote, and the same when the row comes back."""
        return f"{self.pk.hex[-2:]}/{self.pk.hex}"
