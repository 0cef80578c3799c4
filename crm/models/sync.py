"""What synchronisation with an ERP remembers: its runs, where it stands, and the rows it could not take."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id


class SyncRun(models.Model):
    """One pull of one resource, from its start to its end or its interruption."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        REFUSED = "refused", _("done, with refused rows")
        FAILED = "failed", _("failed")
        INTERRUPTED = "interrupted", _("interrupted")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(_("source"), max_length=50)
    resource = models.CharField(_("resource"), max_length=50)
    by = models.ForeignKey(
        "crm.User",
        verbose_name=_("on behalf of"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    read = models.PositiveIntegerField(_("read"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    deleted = models.PositiveIntegerField(_("deactivated"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    checkpoint_before = models.JSONField(_("checkpoint before"), default=dict, blank=True)
    checkpoint_after = models.JSONField(_("checkpoint after"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    is_told = models.BooleanField(_("told"), default=False, db_default=True)

    class Meta:
        verbose_name = _("ERP run")
        verbose_name_plural = _("ERP runs")
        indexes = [models.Index(fields=["source", "resource", "started_at"], name="sync_run_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.resource} {self.started_at:%Y-%m-%d %H:%M}"


class SyncCheckpoint(models.Model):
    """How far a source has been read; written in the transaction of the rows that it counts as read."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.CharField(_("source"), max_length=50)
    resource = models.CharField(_("resource"), max_length=50)
    position = models.JSONField(_("position"), default=dict, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("ERP checkpoint")
        verbose_name_plural = _("ERP checkpoints")
        constraints = [models.UniqueConstraint(fields=["source", "resource"], name="sync_checkpoint_unique")]

    def __str__(self) -> str:
        return f"{self.source} {self.resource}"


class SyncRefusal(models.Model):
    """A row that could not be taken, kept until it can: accepted by a later pull or by `erp_retry`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(SyncRun, verbose_name=_("run"), on_delete=models.PROTECT, related_name="refusals")
    source = models.CharField(_("source"), max_length=50)
    resource = models.CharField(_("resource"), max_length=50)
    identity = models.CharField(
        _("row"), max_length=300, help_text=_("Key of the row in the ERP, or its place where it has none.")
    )
    position = models.CharField(_("place"), max_length=300, help_text=_("File and line, or page, in the source."))
    input = models.JSONField(_("input"), encoder=DjangoJSONEncoder, help_text=_("The row as it was read."))
    reasons: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("reasons"), default=dict, help_text=_("What is wrong, by field.")
    )
    refused_at = models.DateTimeField(_("refused at"), default=timezone.now)

    class Meta:
        verbose_name = _("refused ERP row")
        verbose_name_plural = _("refused ERP rows")
        constraints = [models.UniqueConstraint(fields=["source", "resource", "identity"], name="sync_refusal_unique")]

    def __str__(self) -> str:
        return f"{self.source} {self.resource} {self.identity}"
