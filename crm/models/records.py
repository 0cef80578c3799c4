"""The record: what every row that customers, sales, marketing and service keep has in common."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.changes.triggers import feed_triggers, reference_triggers
from crm.models.identifiers import new_id
from crm.models.tags import LONGEST
from crm.querysets import RecordQuerySet
from crm.tags.triggers import tag_triggers

__all__ = ["ExternalReference", "Record", "new_id"]


class ExternalReferenceQuerySet(models.QuerySet["ExternalReference"]):
    def of(self, model: type[models.Model]) -> Self:
        """Keep the references to one kind of record."""
        return self.filter(content_type=ContentType.objects.get_for_model(model))


class ExternalReference(models.Model):
    """The name by which another system knows a record."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    content_type = models.ForeignKey(ContentType, verbose_name=_("kind of record"), on_delete=models.CASCADE)
    object_id = models.UUIDField(_("record"))
    record = GenericForeignKey("content_type", "object_id")
    system = models.SlugField(
        _("system"), max_length=50, db_index=False, help_text=_("Short name of the other system.")
    )
    external_id = models.CharField(
        _("external id"), max_length=200, help_text=_("Identifier of the record in that system.")
    )

    objects = ExternalReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("external reference")
        verbose_name_plural = _("external references")
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "system", "external_id"],
                name="external_reference_unique",
                violation_error_message=_("Another record already has this external id."),
            ),
            models.CheckConstraint(
                condition=~models.Q(system="") & ~models.Q(external_id=""), name="external_reference_not_empty"
            ),
        ]
        indexes = [models.Index(fields=["object_id", "content_type"], name="external_reference_record")]
        triggers = reference_triggers()

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"


class Record(models.Model):
    """A row with an owner, that other systems may know by names of their own.

    `visible_through` names a foreign key: such a record is seen by whoever sees that parent.
    `follows_about`: such a record is seen by whoever sees the one that its `about_type` and `about_id` name.
    `search_fields` are the text fields of `?search=` and of the trigram index.
    `concerns` names the customer that a change is about, where that is not the field `customer`.
    `seen_by` names the foreign keys to colleagues who see the record, whatever their level of view.
    `set_by_verbs` are the fields that verbs write, one with another: taking a change back leaves them as they are.
    `not_in_feed` are the fields whose values the change feed must not keep.
    """

    visible_through: ClassVar[str] = ""
    follows_about: ClassVar[bool] = False
    concerns: ClassVar[str] = ""
    seen_by: ClassVar[tuple[str, ...]] = ("owner",)
    set_by_verbs: ClassVar[frozenset[str]] = frozenset()
    not_in_feed: ClassVar[tuple[str, ...]] = ()
    search_fields: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(
        primary_key=True, default=new_id, editable=False, help_text=_("Identifier, given by the CRM.")
    )
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, help_text=_("When the record was created.")
    )
    updated_at = models.DateTimeField(_("updated at"), auto_now=True, help_text=_("When the record last changed."))
    owner = models.ForeignKey(
        "crm.User",
        verbose_name=_("owner"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The colleague responsible for the record; who creates it, unless said otherwise."),
    )
    team = models.ForeignKey(
        "crm.Team",
        verbose_name=_("team"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The team that shares the record; the creator's, unless said otherwise."),
    )
    custom = models.JSONField(
        _("custom fields"), default=dict, blank=True, help_text=_("Values of the fields that an administrator added.")
    )
    tags = ArrayField(
        models.CharField(max_length=LONGEST),
        verbose_name=_("tags"),
        default=list,
        db_default=[],
        blank=True,
        help_text=_("Words by which colleagues find it."),
    )
    external_references = GenericRelation(ExternalReference)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True
        default_permissions = ("add", "change", "delete", "view_own", "view_team", "view_all")
        indexes = [
            models.Index(fields=["created_at", "id"], name="%(app_label)s_%(class)s_created"),
            models.Index(fields=["updated_at", "id"], name="%(app_label)s_%(class)s_updated"),
            GinIndex(fields=["tags"], name="%(app_label)s_%(class)s_tags"),
        ]
        triggers = [*feed_triggers(), *tag_triggers()]

    @classmethod
    def label(cls) -> str:
        """Return `app.model`, the name of this kind of record in code."""
        return cls._meta.label_lower

    def clean_merge(self, loser: Self) -> None:
        """Raise ValidationError where the other record cannot become part of this one."""

    def part_from(self, winner: Self) -> None:
        """Do to this record, which a merge that is undone brought back, what was done for both while they were one."""
