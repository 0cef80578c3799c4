"""Opportunities: deals that may be won, their lines, and their way through the stages."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.currencies import CURRENCY_CODE, currency_field
from crm.models import Record, SearchKey
from crm.querysets import RecordQuerySet
from customers.models import Customer
from sales.models.currencies import in_reporting_currency
from sales.models.pipelines import LossReason, Pipeline, Stage
from sales.models.triggers import opportunity_triggers

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

SEARCHED: Final = ("name",)
MOST: Final = Decimal(10) ** 12  # what an amount can hold
FORECAST: Final = {"won": "closed", "lost": "omitted"}  # how a deal counts that is closed


class OpportunityQuerySet(RecordQuerySet):
    def open(self) -> Self:
        """Keep the deals that are neither won nor lost."""
        return self.filter(status="open")

    def closed_between(self, first: datetime.datetime, end: datetime.datetime) -> Self:
        """Keep the deals that were won or lost from a moment on and before another."""
        return self.filter(closed_at__gte=first, closed_at__lt=end)

    def stale(self) -> Self:
        """Keep the open deals that have been in their stage longer than it allows."""
        limit: Combinable = F("stage__stale_after_days") * datetime.timedelta(days=1)
        return self.open().filter(stage_since__lt=Now() - limit)

    def with_likelihood(self) -> Self:
        """Add `likelihood`: how likely a deal is to be won, in percent, by its own probability or its stage's."""
        return self.annotate(likelihood=Coalesce("probability", "stage__probability"))

    def with_reporting_amount(self) -> Self:
        """Add `reporting_amount`: the amount in the reporting currency, by the rate of the day of closing or today's.

        Null where no rate is known.
        """
        day = Coalesce(TruncDate("closed_at"), TruncDate(Now()))
        rows = self.annotate(rate_day=day)
        return rows.annotate(reporting_amount=in_reporting_currency("amount", "currency", models.OuterRef("rate_day")))


class Opportunity(Record):
    """A deal with a customer that may be won: how much, by when, and how far it has come."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("deal", "open")
        WON = "won", _("won")
        LOST = "lost", _("lost")

    class Forecast(models.TextChoices):
        PIPELINE = "pipeline", _("pipeline")
        BEST_CASE = "best_case", _("best case")
        COMMIT = "commit", _("commit")
        OMITTED = "omitted", _("omitted")
        CLOSED = "closed", _("closed")

    search_fields = SEARCHED

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="opportunities",
        help_text=_("Who would buy."),
    )
    contact = models.ForeignKey(
        Customer,
        verbose_name=_("contact"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contact_of_opportunities",
        limit_choices_to={"kind": "person"},
        help_text=_("The person there to talk to."),
    )
    name = models.CharField(_("name"), max_length=200, help_text=_("What it is about."))
    stage = models.ForeignKey(
        Stage,
        verbose_name=_("stage"),
        on_delete=models.PROTECT,
        related_name="opportunities",
        help_text=_("How far it has come; the first stage of the default pipeline, unless said otherwise."),
    )
    pipeline = models.ForeignKey(
        Pipeline,
        verbose_name=_("pipeline"),
        on_delete=models.PROTECT,
        editable=False,
        related_name="opportunities",
        help_text=_("The pipeline of its stage."),
    )
    status = models.CharField(
        _("status"),
        max_length=4,
        choices=Status,
        default=Status.OPEN,
        editable=False,
        help_text=_("Open, won or lost, as its stage is."),
    )
    amount = models.DecimalField(
        _("amount"),
        max_digits=14,
        decimal_places=2,
        default=Decimal(0),
        help_text=_("What it is worth, without tax; of a deal with lines, their sum."),
    )
    lines_total = models.DecimalField(
        _("sum of lines"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        editable=False,
        help_text=_("What its lines come to; null where it has none."),
    )
    currency = currency_field(_("currency"), _("Currency of the amount and the lines (ISO 4217)."))
    expected_close_on = models.DateField(_("expected close"), help_text=_("When it should be decided."))
    probability = models.PositiveSmallIntegerField(
        _("probability"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("How likely it is to be won, in percent, where a colleague knows better than the stage."),
    )
    forecast_category = models.CharField(
        _("forecast category"),
        max_length=9,
        choices=Forecast,
        default=Forecast.PIPELINE,
        help_text=_("How it counts in the forecast; `closed` where it is won, `omitted` where it is lost."),
    )
    lost_reason = models.ForeignKey(
        LossReason,
        verbose_name=_("why lost"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="opportunities",
        help_text=_("Why it was lost; needed where it was."),
    )
    lost_note = models.TextField(
        _("note on the loss"), max_length=1000, blank=True, help_text=_("What else to know of the loss.")
    )
    closed_at = models.DateTimeField(
        _("closed at"), null=True, blank=True, editable=False, help_text=_("When it was won or lost.")
    )
    stage_since = models.DateTimeField(
        _("in stage since"), default=timezone.now, editable=False, help_text=_("When it came to its stage.")
    )

    objects: ClassVar[Any] = OpportunityQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="opportunity_name_given"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | Q(status__in=["won", "lost"], closed_at__isnull=False),
                name="opportunity_closed_or_not",
            ),
            models.CheckConstraint(
                condition=Q(status="lost", lost_reason__isnull=False)
                | ~Q(status="lost") & Q(lost_reason__isnull=True, lost_note=""),
                name="opportunity_lost_for_a_reason",
                violation_error_message=_("Say why the deal was lost."),
            ),
            models.CheckConstraint(
                condition=Q(status="won", forecast_category="closed")
                | ~Q(status="won") & Q(forecast_category__in=["pipeline", "best_case", "commit", "omitted"]),
                name="opportunity_forecast_of_status",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="opportunity_amount_not_negative",
                violation_error_message=_("The amount is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(lines_total__isnull=True) | Q(amount=F("lines_total")),
                name="opportunity_amount_of_lines",
                violation_error_message=_("The amount is the sum of the lines."),
            ),
            models.CheckConstraint(
                condition=Q(lines_total__isnull=True) | Q(lines_total__lt=MOST),
                name="opportunity_lines_too_much",
                violation_error_message=_("The lines come to more than an amount can hold."),
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__lte=100), name="opportunity_probability_percent"
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name="opportunity_currency_code"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["name", "id"], name="opportunity_name"),
            models.Index(fields=["amount", "id"], name="opportunity_amount"),
            models.Index(fields=["expected_close_on", "id"], name="opportunity_expected"),
            models.Index(fields=["stage_since", "id"], name="opportunity_stage_since"),
            models.Index(fields=["stage", "expected_close_on", "id"], name="opportunity_stage"),
            models.Index(fields=["status", "closed_at"], name="opportunity_closed"),
            models.Index(fields=["owner", "created_at", "id"], name="opportunity_owner"),
            models.Index(fields=["team", "created_at", "id"], name="opportunity_team"),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="opportunity_search"),
        ]
        triggers = [*Record.Meta.triggers, *opportunity_triggers()]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Fill what follows from the stage; refuse what cannot be said of a deal there."""
        if self.stage_id is None:
            stage = Stage.objects.beginning().first()
            if stage is None:
                raise ValidationError({"stage": _("There is no default pipeline with an open stage; name a stage.")})
            self.stage = stage
        was_lost = self.status == self.Status.LOST
        if Opportunity.stage.is_cached(self):  # only then has anyone set it
            self.take_stage(self.stage)
        if was_lost and self.status != self.Status.LOST:
            self.lost_reason, self.lost_note = None, ""
        self.check_contact()
        self.check_loss()
        self.check_forecast()
        self.check_sums()

    def take_stage(self, stage: Stage) -> None:
        """Take over what follows from a stage; refuse to open a closed deal, which `reopen` does."""
        if self.pipeline_id != stage.pipeline_id and not stage.pipeline.is_active:
            text = _("This pipeline takes no new opportunities.")
            raise ValidationError({"stage": ValidationError(text, code="inactive_pipeline")})
        self.pipeline_id = stage.pipeline_id
        if self.status not in {self.Status.OPEN, stage.kind}:
            raise ValidationError({"stage": ValidationError(_("The deal is closed; reopen it first."), code="closed")})
        is_closing = self.status != stage.kind
        self.status = stage.kind
        if not is_closing:
            return
        self.closed_at = self.closed_at or timezone.now()
        self.forecast_category = FORECAST[stage.kind]
        self.probability = None

    def check_contact(self) -> None:
        """Refuse an organization as the person to talk to."""
        is_given = Opportunity.contact.is_cached(self)
        if is_given and self.contact is not None and self.contact.kind != Customer.Kind.PERSON:
            raise ValidationError({"contact": _("This customer is not a person.")})

    def check_loss(self) -> None:
        """Refuse a loss without a reason, and a reason without a loss."""
        if self.status == self.Status.LOST and self.lost_reason_id is None:
            raise ValidationError({"lost_reason": ValidationError(_("Say why the deal was lost."), code="required")})
        if self.status != self.Status.LOST and (self.lost_reason_id or self.lost_note):
            raise ValidationError({"lost_reason": ValidationError(_("The deal is not lost."), code="not_lost")})

    def check_forecast(self) -> None:
        """Refuse to count as closed what is open, and otherwise than it was closed what is not."""
        is_right = self.forecast_category == FORECAST.get(self.status, self.forecast_category)
        if not is_right or (self.is_open and self.forecast_category == self.Forecast.CLOSED):
            text = _("Only what is won is closed in the forecast, and what is lost is omitted.")
            raise ValidationError({"forecast_category": ValidationError(text, code="not_so_closed")})

    def check_sums(self) -> None:
        """Refuse an amount other than the sum of the lines."""
        if self.lines_total is not None and self.amount != self.lines_total:
            raise ValidationError({"amount": ValidationError(_("The amount is the sum of the lines."), code="lines")})

    @property
    def is_open(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.status == self.Status.OPEN

    @property
    def likelihood_percent(self) -> int:
        """How likely it is to be won, by its own probability or its stage's."""
        return self.stage.probability if self.probability is None else self.probability
