"""A lead: one expression of interest, to be worked."""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.models import Record, SearchKey
from customers.models import Customer
from marketing.models import Campaign
from sales.models.forms import LeadForm
from sales.models.opportunities import Opportunity
from sales.models.scoring import score_trigger
from sales.models.triggers import converted_trigger

SEARCHED: Final = ("subject", "message")


class Lead(Record):
    """That a customer showed interest, once; it becomes an opportunity, or is given up for a reason."""

    class Status(models.TextChoices):
        NEW = "new", _("new")
        WORKING = "working", _("working")
        QUALIFIED = "qualified", _("qualified")
        CONVERTED = "converted", _("converted")
        DISQUALIFIED = "disqualified", _("disqualified")

    class Rating(models.TextChoices):
        HOT = "hot", _("hot")
        WARM = "warm", _("warm")
        COLD = "cold", _("cold")

    class Disqualification(models.TextChoices):
        UNREACHABLE = "unreachable", _("unreachable")
        NO_INTEREST = "no_interest", _("no interest")
        NO_BUDGET = "no_budget", _("no budget")
        NOT_A_FIT = "not_a_fit", _("not a fit")
        DUPLICATE = "duplicate", _("duplicate")
        SPAM = "spam", _("spam")
        OTHER = "other", _("other reason")

    OPEN: Final = (Status.NEW, Status.WORKING, Status.QUALIFIED)

    search_fields = SEARCHED

    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="leads",
        help_text=_("Who showed interest."),
    )
    subject = models.CharField(
        _("subject"), max_length=200, blank=True, help_text=_("What they are interested in, in a line.")
    )
    message = models.TextField(_("message"), max_length=10_000, blank=True, help_text=_("What they wrote or said."))
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=Status,
        default=Status.NEW,
        editable=False,
        help_text=_("How far it has come; it changes by what is done with it."),
    )
    source = models.CharField(_("source"), max_length=100, blank=True, help_text=_("Where the lead came from."))
    rating = models.CharField(
        _("rating"), max_length=4, choices=Rating, blank=True, help_text=_("How promising a colleague finds it.")
    )
    score = models.IntegerField(
        pgettext_lazy("lead", "score"),
        default=0,
        editable=False,
        help_text=_("How promising it is by the rules; higher is better."),
    )
    score_reasons = models.JSONField(
        _("reasons of the score"), default=list, blank=True, editable=False, help_text=_("Which rule gave how much.")
    )
    disqualified_reason = models.CharField(
        _("why disqualified"),
        max_length=12,
        choices=Disqualification,
        blank=True,
        editable=False,
        help_text=_("Why it was given up; empty otherwise."),
    )
    disqualified_note = models.TextField(
        _("note on the reason"), max_length=1000, blank=True, editable=False, help_text=_("What else to know of it.")
    )
    converted_at = models.DateTimeField(
        _("converted at"), null=True, blank=True, editable=False, help_text=_("When it became an opportunity.")
    )
    opportunity = models.OneToOneField(
        Opportunity,
        verbose_name=_("opportunity"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="lead",
        help_text=_("The opportunity that it became."),
    )
    form = models.ForeignKey(
        LeadForm,
        verbose_name=_("form"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="leads",
        help_text=_("The form on a web site that it came through."),
    )
    campaign = models.ForeignKey(
        Campaign,
        verbose_name=_("campaign"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="leads",
        help_text=_("The campaign that brought it; found by utm_campaign where a form was sent."),
    )
    utm = models.JSONField(
        _("UTM parameters"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("What the link to the form said of the campaign, such as `utm_source`."),
    )
    reminded_at = models.DateTimeField(
        _("reminded at"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("When a manager was told that it was nobody's."),
    )

    class Meta(Record.Meta):
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "working", "qualified", "converted", "disqualified"]),
                name="lead_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="converted", opportunity__isnull=False, converted_at__isnull=False)
                | ~Q(status="converted") & Q(opportunity__isnull=True, converted_at__isnull=True),
                name="lead_converted_or_not",
                violation_error_message=_("A lead becomes an opportunity once, and stays converted."),
            ),
            models.CheckConstraint(
                condition=Q(status="disqualified") & ~Q(disqualified_reason="")
                | ~Q(status="disqualified") & Q(disqualified_reason="", disqualified_note=""),
                name="lead_disqualified_or_not",
            ),
            models.CheckConstraint(condition=Q(rating__in=["", "hot", "warm", "cold"]), name="lead_rating_known"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["score", "id"], name="lead_score"),
            models.Index(fields=["status", "created_at"], name="lead_status"),
            models.Index(fields=["owner", "created_at", "id"], name="lead_owner"),
            models.Index(fields=["team", "created_at", "id"], name="lead_team"),
            models.Index(
                fields=["created_at"],
                name="lead_nobodys",
                condition=Q(owner__isnull=True, reminded_at__isnull=True, status__in=["new", "working", "qualified"]),
            ),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="lead_search"),
        ]
        triggers = [*Record.Meta.triggers, score_trigger(), converted_trigger()]

    def __str__(self) -> str:
        return self.subject or str(self.customer)

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do about it."""
        return self.status in self.OPEN
