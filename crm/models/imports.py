"""Files of rows that become records: what was uploaded, how far it got, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.identifiers import new_id

if TYPE_CHECKING:
    from crm.models.users import User


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: User) -> Self:
        """Keep a user's own; administrators see all."""
        return self if user.has_perm("crm.change_import") else self.filter(user=user.pk)


class Import(models.Model):
    """One file, and what becomes of its rows. Up to line `lines_done` everything has been done for good."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    user = models.ForeignKey(
        "crm.User", verbose_name=_("user"), on_delete=models.CASCADE, related_name="+", help_text=_("Who imports.")
    )
    resource = models.CharField(_("resource"), max_length=100, help_text=_("List that rows are added to."))
    filename = models.CharField(_("file"), max_length=255, help_text=_("Name of the file."))
    lines = models.PositiveIntegerField(_("lines"), default=0, help_text=_("Length of the file in lines, or rows."))
    columns: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(
        _("columns"), default=list, help_text=_("Columns of the file: `name`, `field` or null, and `samples`.")
    )
    key = models.CharField(
        _("key"),
        max_length=50,
        blank=True,
        help_text=_("Field by which a row finds its record; empty: the same row finds it again."),
    )
    system = models.CharField(
        _("system"), max_length=50, blank=True, help_text=_("System whose identifiers `external_id` has.")
    )
    run = models.PositiveIntegerField(_("run"), default=0)  # how often it was started
    refuses_duplicates = models.BooleanField(
        _("refuses duplicates"), default=False, help_text=_("No row adds a record where another may be the same.")
    )
    is_dry_run = models.BooleanField(_("dry run"), default=False, help_text=_("Only tried, and nothing written."))
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.DRAFT, help_text=_("How it stands.")
    )
    lines_done = models.PositiveIntegerField(_("lines done"), default=0, help_text=_("Line up to which all is done."))
    created = models.PositiveIntegerField(_("created"), default=0, help_text=_("Rows that made a record."))
    updated = models.PositiveIntegerField(_("updated"), default=0, help_text=_("Rows that changed a record."))
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0, help_text=_("Rows that said nothing new."))
    refused = models.PositiveIntegerField(_("refused"), default=0, help_text=_("Rows that could not be taken."))
    error = models.CharField(_("error"), max_length=500, blank=True, help_text=_("Why it could not go on."))
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When it was made.")
    )
    started_at = models.DateTimeField(_("started at"), null=True, help_text=_("When its first row was read."))
    ended_at = models.DateTimeField(_("ended at"), null=True, help_text=_("When it came to its end."))

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["user", "created_at", "id"], name="import_log")]

    def __str__(self) -> str:
        return self.filename

    @property
    def mapping(self) -> dict[str, str]:
        """Which column becomes which field; columns that become none are left out."""
        return {column["name"]: column["field"] for column in self.columns if column["field"]}

    @property
    def percent(self) -> int:
        """How far it is, from 0 to 100."""
        if self.status == self.Status.DONE:
            return 100
        return min(99, self.lines_done * 100 // self.lines) if self.lines else 0


class ImportFile(models.Model):
    """The content of a file, beside its import, so that lists do not read it."""

    owner = models.OneToOneField(Import, on_delete=models.CASCADE, primary_key=True, related_name="file")
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("content of an import")
        verbose_name_plural = _("contents of imports")

    def __str__(self) -> str:
        return str(self.pk)


class ImportRefusal(models.Model):
    """A row that could not be taken: its line, its cells by column, and why not."""

    owner = models.ForeignKey(
        Import, verbose_name=_("import"), on_delete=models.CASCADE, related_name="refusals", db_index=False
    )
    line = models.PositiveIntegerField(_("line"))
    cells: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(_("cells"), default=dict)
    reasons: models.JSONField[list[str], list[str]] = models.JSONField(_("reasons"), default=list)

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        constraints = [models.UniqueConstraint(fields=["owner", "line"], name="import_refusal_line")]

    def __str__(self) -> str:
        return f"{self.line}: {'; '.join(self.reasons)}"
