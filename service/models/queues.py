"""Where tickets wait, and who takes them."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Record, User
from service.models.policies import SLAPolicy

MOST_SKILLS: Final = 20
LATEST_SURVEY: Final = 720


def skills_field(help_text: Any) -> Any:
    """Return a list of skills."""
    return ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("skills"),
        default=list,
        blank=True,
        size=MOST_SKILLS,
        help_text=help_text,
    )


class Queue(Record):
    """A place where tickets of one kind wait for those who can answer them."""

    class Assignment(models.TextChoices):
        MANUAL = "manual", _("by hand")
        ROUND_ROBIN = "round_robin", _("in turn")
        LEAST_LOADED = "least_loaded", _("to whom has least")

    name = models.CharField(_("name"), max_length=100, help_text=_("What people call it."))
    description = models.TextField(
        _("description"), max_length=1000, blank=True, help_text=_("What belongs here, and what does not.")
    )
    email = models.EmailField(
        _("e-mail"),
        blank=True,
        help_text=_("Support address: messages to it become tickets here, and replies come from it."),
    )
    policy = models.ForeignKey(
        SLAPolicy,
        verbose_name=_("SLA policy"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="queues",
        help_text=_("What is promised for its tickets, unless a ticket has a policy of its own."),
    )
    assignment = models.CharField(
        _("assignment"),
        max_length=12,
        choices=Assignment,
        default=Assignment.MANUAL,
        help_text=_("Who gets a new ticket: nobody, the next in turn, or who has least to do."),
    )
    skills = skills_field(_("What an agent must know to get its tickets."))
    acknowledgement = models.TextField(
        _("acknowledgement"),
        max_length=5000,
        blank=True,
        help_text=_("Sent once to whoever opens a ticket by e-mail; empty: nothing. Filled in like canned replies."),
    )
    close_days = models.PositiveIntegerField(
        _("days until closed"),
        default=7,
        validators=[MinValueValidator(1)],
        help_text=_("So many days after they were resolved, tickets are closed."),
    )
    survey_hours = models.PositiveSmallIntegerField(
        _("hours until the survey"),
        null=True,
        blank=True,
        default=0,
        validators=[MaxValueValidator(LATEST_SURVEY)],
        help_text=_(
            "So many hours after a ticket was resolved its customer is asked how satisfied they are, in an e-mail of"
            " its own; 0: with the resolving reply; empty: never."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Whether it takes new tickets."))

    class Meta(Record.Meta):
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        constraints = [
            models.CheckConstraint(
                condition=Q(assignment__in=["manual", "round_robin", "least_loaded"]), name="queue_assignment_known"
            ),
            models.CheckConstraint(condition=Q(close_days__gte=1), name="queue_close_days"),
            models.CheckConstraint(
                condition=Q(survey_hours__isnull=True) | Q(survey_hours__lte=LATEST_SURVEY), name="queue_survey_hours"
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=~Q(email=""),
                name="queue_email_unique",
                violation_error_message=_("Another queue has this address."),
            ),
        ]
        indexes = [*Record.Meta.indexes, models.Index(fields=["name", "id"], name="queue_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Write the address in small letters, as it is looked for."""
        self.email = self.email.lower()

    def save(self, **kwargs: Any) -> None:
        self.email = self.email.lower()
        super().save(**kwargs)


class Agent(Record):
    """A colleague who takes tickets: what they know, and how many they have at once."""

    user = models.ForeignKey(
        User, verbose_name=_("colleague"), on_delete=models.PROTECT, related_name="+", help_text=_("Who it is.")
    )
    skills = skills_field(_("What they know, in the words of the queues."))
    capacity = models.PositiveIntegerField(
        _("capacity"), default=20, help_text=_("With so many tickets open they are given no more.")
    )
    is_available = models.BooleanField(
        _("available"), default=True, help_text=_("Whether they are given tickets at present.")
    )
    assigned_at = models.DateTimeField(
        _("given one at"), null=True, blank=True, editable=False, help_text=_("When they were last given a ticket.")
    )

    class Meta(Record.Meta):
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="agent_user", violation_error_message=_("This colleague is an agent already.")
            )
        ]

    def __str__(self) -> str:
        return str(self.user)
