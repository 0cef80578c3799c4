"""How satisfied customers were."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record, new_id
from service.models.tickets import Ticket


class SurveyAnswer(Record):
    """How a customer judged a resolution, from 1 to 5; one for each, seen by whoever sees the ticket."""

    class Score(models.IntegerChoices):
        VERY_BAD = 1, _("very dissatisfied")
        BAD = 2, _("dissatisfied")
        FAIR = 3, _("neither")
        GOOD = 4, _("satisfied")
        VERY_GOOD = 5, _("very satisfied")

    visible_through = "ticket"

    ticket = models.ForeignKey(
        Ticket,
        verbose_name=_("ticket"),
        on_delete=models.CASCADE,
        related_name="survey_answers",
        help_text=_("What was judged."),
    )
    resolution = models.PositiveIntegerField(
        _("resolution"),
        default=1,
        db_default=1,
        help_text=_("Which one: 1 for the first, 2 once the ticket was reopened and resolved again."),
    )
    score = models.PositiveSmallIntegerField(
        _("score"), choices=Score, help_text=_("From 1, very dissatisfied, to 5, very satisfied.")
    )
    comment = models.TextField(_("comment"), max_length=5000, blank=True, help_text=_("What else the customer said."))
    answered_at = models.DateTimeField(_("time"), default=timezone.now, help_text=_("When the customer answered last."))

    class Meta(Record.Meta):
        verbose_name = _("survey answer")
        verbose_name_plural = _("survey answers")
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="survey_score"),
            models.UniqueConstraint(fields=["ticket", "resolution"], name="survey_once"),
        ]
        indexes = [*Record.Meta.indexes, models.Index(fields=["answered_at", "id"], name="survey_answered")]

    def __str__(self) -> str:
        return f"{self.score}/5"


class SurveyRequest(models.Model):
    """That a customer is asked in a message of its own how satisfied they are; of each resolution once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(
        Ticket, verbose_name=_("ticket"), on_delete=models.CASCADE, related_name="survey_requests"
    )
    resolution = models.PositiveIntegerField(_("resolution"))
    requested_at = models.DateTimeField(_("due"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    refused_at = models.DateTimeField(_("refused by the mail server"), null=True, blank=True)

    class Meta:
        verbose_name = _("survey request")
        verbose_name_plural = _("survey requests")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "resolution"], name="survey_request_once"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(refused_at__isnull=True), name="survey_request_sent_or_refused"
            ),
        ]
        indexes = [models.Index(fields=["requested_at", "id"], name="survey_request_time")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.resolution}"
