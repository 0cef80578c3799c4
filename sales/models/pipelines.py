"""Pipelines, their stages, and why deals are lost: what a sales manager sets up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models import new_id
from crm.querysets import Public, PublicQuerySet

if TYPE_CHECKING:
    from collections.abc import Iterable

# Deals carry the kind and the pipeline of their stage, and reports count by them.
FIXED = """
    IF (OLD.kind, OLD.pipeline_id) IS DISTINCT FROM (NEW.kind, NEW.pipeline_id)
     AND EXISTS (SELECT FROM sales_opportunity WHERE stage_id = OLD.id) THEN
        RAISE EXCEPTION 'The stage has opportunities.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class Pipeline(models.Model):
    """A way of selling: a row of stages that opportunities pass."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(_("name"), max_length=100, help_text=_("Name of the pipeline."))
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Where new opportunities go, unless said otherwise; one at most.")
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Whether it takes new opportunities; those in it stay.")
    )

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="pipeline_one_default",
                violation_error_message=_("Another pipeline is the default one."),
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | Q(is_active=True),
                name="pipeline_default_is_active",
                violation_error_message=_("The default pipeline must be active."),
            ),
            models.UniqueConstraint(
                fields=["name"],
                name="pipeline_name_unique",
                violation_error_message=_("There is a pipeline of this name."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="pipeline_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    def first(self, kind: str) -> Stage | None:
        """Return the first stage of a kind."""
        return self.stages.filter(kind=kind).in_order().first()

    def problems(self) -> Iterable[Any]:
        """Yield what the pipeline lacks to be worked with."""
        kinds = set(self.stages.values_list("kind", flat=True))
        words = {
            Stage.Kind.OPEN: _("It has no stage for open deals."),
            Stage.Kind.WON: _("It has no stage for deals that are won."),
            Stage.Kind.LOST: _("It has no stage for deals that are lost."),
        }
        return [text for kind, text in words.items() if kind not in kinds]


class StageQuerySet(Public, models.QuerySet["Stage"]):
    def in_order(self) -> Self:
        """Put the stages in the order in which deals pass them."""
        return self.order_by("order", "id")

    def beginning(self) -> Self:
        """Keep the open stages of the default pipeline, the first first."""
        return self.filter(pipeline__is_default=True, kind=Stage.Kind.OPEN).select_related("pipeline").in_order()


class Stage(models.Model):
    """A step of a pipeline: how far deals in it have come, and how likely they are to be won."""

    class Kind(models.TextChoices):
        OPEN = "open", pgettext_lazy("deal", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    pipeline = models.ForeignKey(
        Pipeline,
        verbose_name=_("pipeline"),
        on_delete=models.CASCADE,
        related_name="stages",
        help_text=_("The pipeline that it is a step of."),
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("Name of the stage."))
    order = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Place in the pipeline; the smallest is the first.")
    )
    kind = models.CharField(
        _("kind"),
        max_length=4,
        choices=Kind,
        default=Kind.OPEN,
        help_text=_("Whether deals in it are open, won or lost; stays once it has deals."),
    )
    probability = models.PositiveSmallIntegerField(
        _("probability"),
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("How likely deals in it are to be won, in percent; 100 where they are, 0 where they are lost."),
    )
    stale_after_days = models.PositiveSmallIntegerField(
        _("stale after days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("After how many days in it a deal wants attention; none: never."),
    )

    objects = StageQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage")
        verbose_name_plural = _("stages")
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "name"],
                name="stage_name_unique",
                violation_error_message=_("The pipeline has a stage of this name."),
            ),
            models.CheckConstraint(condition=Q(kind__in=["open", "won", "lost"]), name="stage_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="open", probability__lte=100)
                | Q(kind="won", probability=100)
                | Q(kind="lost", probability=0),
                name="stage_probability_of_kind",
                violation_error_message=_("What is won has 100 percent, what is lost has none."),
            ),
            models.CheckConstraint(
                condition=Q(stale_after_days__isnull=True) | Q(stale_after_days__gte=1), name="stage_stale_after_a_day"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="stage_name_given"),
        ]
        indexes = [models.Index(fields=["order", "id"], name="stage_order")]
        triggers = [
            pgtrigger.Trigger(name="stage_is_kept", when=pgtrigger.Before, operation=pgtrigger.Update, func=FIXED)
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Fill the probability that follows from the kind; refuse another kind or pipeline for a stage with deals."""
        if self.kind != self.Kind.OPEN:
            self.probability = 100 if self.kind == self.Kind.WON else 0
        was = Stage.objects.filter(pk=self.pk).values_list("kind", "pipeline").first()
        if was in {None, (self.kind, self.pipeline_id)}:
            return
        if self.opportunities.exists():
            raise ValidationError(_("The stage has opportunities; it keeps its kind and its pipeline."), code="in_use")


class LossReason(models.Model):
    """A reason for which deals are lost, such as the price."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False, help_text=_("Identifier."))
    name = models.CharField(_("name"), max_length=100, help_text=_("The reason, in a few words."))
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Whether it may be chosen; deals that have it keep it.")
    )

    objects = PublicQuerySet.as_manager()

    class Meta:
        verbose_name = _("loss reason")
        verbose_name_plural = _("loss reasons")
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="loss_reason_name_unique",
                violation_error_message=_("There is a reason of this name."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="loss_reason_name_given"),
        ]

    def __str__(self) -> str:
        return self.name
