"""A campaign: one message, or one undertaking, for the customers of a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.currencies import CURRENCY_CODE, currency_field
from crm.models import Record, SearchKey
from customers.models import Purpose
from marketing.models.begun import Begun, campaign_triggers
from marketing.models.segments import Segment
from marketing.models.templates import Template
from marketing.placeholders import check

if TYPE_CHECKING:
    from decimal import Decimal

    from crm.models import User

SEARCHED: Final = ("name", "utm_campaign")
SET_BY_VERBS: Final = ("status", "scheduled_at", "started_at", "finished_at", "launched_by", "winner")


def utm_field(name: str, help_text: object) -> models.CharField[str, str]:
    """Return a field for a parameter that links get."""
    return models.CharField(name, max_length=100, blank=True, help_text=help_text)  # type: ignore[arg-type]  # lazy


def throttle_field(name: object, help_text: object, default: int) -> models.PositiveIntegerField[int, int]:
    """Return a field for how many messages leave in a second."""
    limits = [MinValueValidator(1), MaxValueValidator(1000)]
    return models.PositiveIntegerField(name, default=default, validators=limits, help_text=help_text)  # type: ignore[arg-type]  # lazy


def money_field(name: object, help_text: object) -> models.DecimalField[Decimal | str | None, Decimal | None]:
    """Return a field for an amount that may be unknown."""
    return models.DecimalField(name, max_digits=14, decimal_places=2, null=True, blank=True, help_text=help_text)  # type: ignore[arg-type]  # lazy


class Campaign(Begun, Record):
    """Something that is sent to, or done for, the customers of a segment, with its budget and its results."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")
        PHONE = "phone", _("phone")
        EVENT = "event", _("event")
        OTHER = "other", _("other")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")
        SENDING = "sending", _("sending")
        PAUSED = "paused", _("paused")
        SENT = "sent", pgettext_lazy("campaign", "sent")
        CANCELLED = "cancelled", _("cancelled")

    class Winner(models.TextChoices):
        OPENS = "opens", _("opens")
        CLICKS = "clicks", _("clicks")

    class Variant(models.TextChoices):
        A = "a", "A"
        B = "b", "B"

    search_fields = SEARCHED
    set_by_verbs = frozenset(SET_BY_VERBS)

    name = models.CharField(_("name"), max_length=200, help_text=_("What colleagues call it."))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.EMAIL, help_text=_("By which means."))
    status = models.CharField(
        _("status"),
        max_length=9,
        choices=Status,
        default=Status.DRAFT,
        editable=False,
        help_text=_("How far it has come; `schedule`, `start`, `pause`, `resume`, `finish` and `cancel` change it."),
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whom it is for; read once, when it starts."),
    )
    template = models.ForeignKey(
        Template,
        verbose_name=_("template"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        help_text=_("What it says, where it is sent by e-mail."),
    )
    purpose = models.ForeignKey(
        Purpose,
        verbose_name=_("purpose"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("To what customers must have agreed to be part of it; looked at again before each message."),
    )
    tracking_purpose = models.ForeignKey(
        Purpose,
        verbose_name=_("purpose of tracking"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Only of customers who agree to this are opens and clicks noted; empty: of all, if turned on."),
    )
    from_name = models.CharField(_("sender's name"), max_length=100, blank=True, help_text=_("Who it comes from."))
    from_address = models.EmailField(
        _("sender's address"), blank=True, help_text=_("E-mail address of the sender; the usual one where empty.")
    )
    reply_to = models.EmailField(_("reply to"), blank=True, help_text=_("Where answers go, if not to the sender."))
    scheduled_at = models.DateTimeField(
        _("scheduled at"), null=True, blank=True, editable=False, help_text=_("When it starts of itself.")
    )
    started_at = models.DateTimeField(
        _("started at"), null=True, blank=True, editable=False, help_text=_("When it started.")
    )
    finished_at = models.DateTimeField(
        _("finished at"), null=True, blank=True, editable=False, help_text=_("When it was sent, or cancelled.")
    )
    launched_by = models.ForeignKey(
        "crm.User",
        verbose_name=_("started by"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text=_("Who scheduled or started it; only customers whom that colleague sees are part of it."),
    )
    starts_on = models.DateField(_("starts on"), null=True, blank=True, help_text=_("First day, for plans."))
    ends_on = models.DateField(_("ends on"), null=True, blank=True, help_text=_("Last day, for plans."))
    budget = money_field(_("budget"), _("What it may cost."))
    actual_cost = money_field(_("actual cost"), _("What it did cost."))
    currency = currency_field(_("currency"), _("Currency of budget and cost (ISO 4217)."))
    utm_source = utm_field("utm_source", _("Source that links name, such as newsletter."))
    utm_medium = utm_field("utm_medium", _("Medium that links name, such as email."))
    utm_campaign = utm_field("utm_campaign", _("Campaign that links name; leads that come with it belong here."))
    utm_content = utm_field("utm_content", _("Content that links name."))
    utm_term = utm_field("utm_term", _("Term that links name."))
    per_second = throttle_field(_("messages per second"), _("How many messages leave in a second at most."), 10)
    per_second_and_domain = throttle_field(
        _("messages per second and domain"), _("How many messages go to one domain in a second at most."), 5
    )
    quiet_from = models.TimeField(
        _("quiet from"), null=True, blank=True, help_text=_("From this time of day on nothing is sent.")
    )
    quiet_until = models.TimeField(
        _("quiet until"), null=True, blank=True, help_text=_("Until this time of day nothing is sent.")
    )
    uses_local_time = models.BooleanField(
        _("time of the recipient"),
        default=True,
        help_text=_("Whether quiet hours and the scheduled time are those of the recipient's time zone, if known."),
    )
    subject_b = models.CharField(
        _("second subject"), max_length=300, blank=True, help_text=_("A subject to compare with the template's.")
    )
    test_share = models.PositiveIntegerField(
        _("share of the comparison"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How many percent of the members get one of the two subjects before the winner is known."),
    )
    test_hours = models.PositiveIntegerField(
        _("hours of the comparison"),
        default=4,
        validators=[MaxValueValidator(720)],
        help_text=_("How many hours after these messages the winner is chosen."),
    )
    winner_by = models.CharField(
        _("winner by"),
        max_length=6,
        choices=Winner,
        default=Winner.OPENS,
        help_text=_("By what the better subject is known."),
    )
    winner = models.CharField(
        _("winner"), max_length=1, choices=Variant, blank=True, editable=False, help_text=_("The better subject.")
    )
    tracks_opens = models.BooleanField(
        _("notes opens"), default=False, help_text=_("Whether messages hold a picture by which opening is noticed.")
    )
    tracks_clicks = models.BooleanField(
        _("notes clicks"), default=True, help_text=_("Whether links lead through the CRM, which notes the click.")
    )

    class Meta(Record.Meta):
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""),
                name="campaign_named",
                violation_error_message=_("A campaign needs a name."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["email", "sms", "phone", "event", "other"]), name="campaign_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "scheduled", "sending", "paused", "sent", "cancelled"]),
                name="campaign_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled") | Q(scheduled_at__isnull=False), name="campaign_scheduled_for"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["sending", "paused", "sent"]) | Q(started_at__isnull=False),
                name="campaign_started",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
                violation_error_message=_("A campaign ends after it starts."),
            ),
            models.CheckConstraint(
                condition=(Q(budget__isnull=True) | Q(budget__gte=0))
                & (Q(actual_cost__isnull=True) | Q(actual_cost__gte=0)),
                name="campaign_cost_not_negative",
                violation_error_message=_("Budget and cost are not negative."),
            ),
            models.CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name="campaign_currency_code"),
            models.CheckConstraint(
                condition=Q(per_second__range=(1, 1000), per_second_and_domain__range=(1, 1000)),
                name="campaign_throttle",
                violation_error_message=_("From 1 to 1000 messages leave in a second."),
            ),
            models.CheckConstraint(
                condition=Q(test_share__range=(1, 100), test_hours__lte=720),
                name="campaign_test_limits",
                violation_error_message=_("A comparison has from 1 to 100 percent, and at most 720 hours."),
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
                name="campaign_quiet_hours_whole",
                violation_error_message=_("Quiet hours have a beginning and another end."),
            ),
            models.CheckConstraint(condition=Q(winner_by__in=["opens", "clicks"]), name="campaign_winner_by_known"),
            models.CheckConstraint(condition=Q(winner__in=["", "a", "b"]), name="campaign_winner_known"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["name", "id"], name="campaign_name"),
            models.Index(fields=["status", "scheduled_at"], name="campaign_status"),
            models.Index(fields=["utm_campaign"], name="campaign_utm", condition=~Q(utm_campaign="")),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="campaign_search"),
        ]
        triggers = [*Record.Meta.triggers, *campaign_triggers()]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a second subject that cannot be read, and what a campaign that began no longer takes."""
        super().clean()
        wrong = check(self.subject_b)
        if wrong:
            raise ValidationError({"subject_b": ValidationError(wrong, code="template")})

    @property
    def answers_for_it(self) -> User | None:
        """Who is told where it does not go on: whoever launched it, or else its owner."""
        return self.launched_by or self.owner

    @property
    def is_compared(self) -> bool:
        """Whether two subjects are compared, and the winner is not known yet."""
        return bool(self.subject_b) and not self.winner

    @property
    def is_mailed(self) -> bool:
        """Whether the CRM itself sends it."""
        return self.kind == self.Kind.EMAIL
