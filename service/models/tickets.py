"""A ticket: one request of a customer, until it is answered, and the clocks that measure it."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar, Final, Self, cast

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey, User
from crm.querysets import RecordQuerySet
from customers.models import Customer
from service.clocks import Reading, Run, read
from service.models.policies import CLOCKS, Priority, SLAPolicy
from service.models.queues import Queue
from service.models.triggers import ticket_triggers

SEARCHED: Final = ("number", "subject")
NEVER: Final = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)
DECIDING: Final = ("priority", "policy_id", "status", "first_replied_at", "opened_at")


class NumberField(models.CharField):  # type: ignore[type-arg]  # not generic when it runs
    """A text that the database writes when a row is inserted without one."""

    db_returning = True


class Status(models.TextChoices):
    """How a ticket stands."""

    NEW = "new", _("new")
    OPEN = "open", _("open")
    PENDING = "pending", _("waiting for the customer")
    ON_HOLD = "on_hold", _("on hold")
    RESOLVED = "resolved", _("resolved")
    CLOSED = "closed", _("closed")


ACTIVE: Final = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)
DONE: Final = (Status.RESOLVED, Status.CLOSED)


class TicketQuerySet(RecordQuerySet):
    def active(self) -> Self:
        """Keep what is still to be resolved."""
        return self.filter(status__in=ACTIVE)

    def of(self, user: User) -> Self:
        """Keep what somebody has to resolve."""
        return self.active().filter(assignee=user.pk)

    def most_urgent_first(self) -> Self:
        """Order by what is missed next."""
        return self.order_by("next_due_at", "id")


class Ticket(Record):
    """One request of a customer: what it is about, who answers it, and by when."""

    class Type(models.TextChoices):
        QUESTION = "question", _("question")
        INCIDENT = "incident", _("incident")
        PROBLEM = "problem", _("problem")
        REQUEST = "request", _("request")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("phone")
        WEB = "web", _("web")
        CHAT = "chat", _("chat")
        VISIT = "visit", _("visit")
        OTHER = "other", _("other")

    search_fields = SEARCHED
    seen_by = ("owner", "assignee")

    number = NumberField(
        _("number"),
        db_column="ticket_number",  # "number" has a meaning in the triggers of the change feed
        max_length=20,
        blank=True,
        editable=False,
        help_text=_("Number that people say, such as T-000123. Given in order; a number may be missing."),
    )
    subject = models.CharField(_("subject"), max_length=200, help_text=_("What it is about, in a line."))
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="tickets",
        help_text=_("Who asks."),
    )
    email = models.EmailField(
        _("e-mail"), blank=True, help_text=_("Where replies go; left out: the customer's own address.")
    )
    queue = models.ForeignKey(
        Queue, verbose_name=_("queue"), on_delete=models.PROTECT, related_name="tickets", help_text=_("Where it waits.")
    )
    type = models.CharField(
        _("type"), max_length=10, choices=Type, default=Type.QUESTION, help_text=_("What kind of request it is.")
    )
    priority = models.CharField(
        _("priority"), max_length=10, choices=Priority, default=Priority.NORMAL, help_text=_("How much it matters.")
    )
    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel, default=Channel.OTHER, help_text=_("How the customer asked.")
    )
    assignee = models.ForeignKey(
        User,
        verbose_name=_("assignee"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="tickets",
        help_text=_("Who is to resolve it; `assign` and `take` say so."),
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status,
        default=Status.NEW,
        editable=False,
        help_text=_("How it stands; replies and `change_status` change it."),
    )
    status_since = models.DateTimeField(
        _("so since"), default=timezone.now, editable=False, help_text=_("Since when it stands so.")
    )
    opened_at = models.DateTimeField(
        _("opened at"),
        default=timezone.now,
        editable=False,
        help_text=_("When the customer asked: clocks run from it."),
    )
    first_replied_at = models.DateTimeField(
        _("first answered at"), null=True, blank=True, editable=False, help_text=_("When the first reply was written.")
    )
    resolved_at = models.DateTimeField(
        _("resolved at"), null=True, blank=True, editable=False, help_text=_("When it was resolved last.")
    )
    reopened = models.PositiveIntegerField(
        _("reopened"), default=0, editable=False, help_text=_("How often it was open again after it was resolved.")
    )
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        help_text=_("The ticket that has its messages now."),
    )
    policy = models.ForeignKey(
        SLAPolicy,
        verbose_name=_("SLA policy"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        help_text=_("What is promised; the queue's, unless said otherwise."),
    )
    first_response_target = models.PositiveIntegerField(
        _("first response, promised"), null=True, blank=True, editable=False, help_text=_("Minutes of business time.")
    )
    first_response_due_at = models.DateTimeField(
        _("first response due"), null=True, blank=True, editable=False, help_text=_("By when; none while it is paused.")
    )
    first_response_left = models.PositiveIntegerField(
        _("first response, left"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Seconds left while it is paused."),
    )
    first_response_breached_at = models.DateTimeField(
        _("first response missed"), null=True, blank=True, editable=False, help_text=_("Since when it is too late.")
    )
    resolution_target = models.PositiveIntegerField(
        _("resolution, promised"), null=True, blank=True, editable=False, help_text=_("Minutes of business time.")
    )
    resolution_due_at = models.DateTimeField(
        _("resolution due"), null=True, blank=True, editable=False, help_text=_("By when; none while it is paused.")
    )
    resolution_left = models.PositiveIntegerField(
        _("resolution, left"), null=True, blank=True, editable=False, help_text=_("Seconds left while it is paused.")
    )
    resolution_breached_at = models.DateTimeField(
        _("resolution missed"), null=True, blank=True, editable=False, help_text=_("Since when it is too late.")
    )
    next_due_at = models.GeneratedField(
        expression=Case(
            When(
                status__in=ACTIVE,
                then=Coalesce(
                    Least(Case(When(first_replied_at__isnull=True, then="first_response_due_at")), "resolution_due_at"),
                    Value(NEVER),
                ),
            ),
            default=Value(NEVER),
        ),
        output_field=models.DateTimeField(),
        db_persist=True,
    )

    objects: ClassVar[Any] = TicketQuerySet.as_manager()

    class Meta(Record.Meta):
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.UniqueConstraint(fields=["number"], name="ticket_number_unique"),
            models.CheckConstraint(condition=~Q(subject=""), name="ticket_subject_given"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="ticket_status_known"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="ticket_priority_known"),
            models.CheckConstraint(
                condition=Q(type__in=["question", "incident", "problem", "request"]), name="ticket_type_known"
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["email", "phone", "web", "chat", "visit", "other"]),
                name="ticket_channel_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DONE, resolved_at__isnull=False)
                | Q(status__in=ACTIVE, merged_into__isnull=True),
                name="ticket_resolved_or_not",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="ticket_not_merged_into_itself"),
        ]
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["next_due_at", "id"], name="ticket_next_due"),
            models.Index(fields=["opened_at", "id"], name="ticket_opened"),
            models.Index(fields=["customer", "opened_at", "id"], name="ticket_customer"),
            models.Index(fields=["queue", "next_due_at", "id"], name="ticket_queue", condition=Q(status__in=ACTIVE)),
            models.Index(
                fields=["assignee", "next_due_at", "id"], name="ticket_assignee", condition=Q(status__in=ACTIVE)
            ),
            models.Index(fields=["resolved_at"], name="ticket_to_close", condition=Q(status="resolved")),
            models.Index(fields=["policy"], name="ticket_policy", condition=Q(status__in=ACTIVE)),
            GinIndex(OpClass(SearchKey(*SEARCHED), "gin_trgm_ops"), name="ticket_search"),
        ]
        triggers = [*Record.Meta.triggers, *ticket_triggers()]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}".strip()

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **options: Any) -> Self:
        """Remember by what the clocks were set."""
        ticket: Any = super().from_db(db, field_names, values, **options)
        ticket._set_by = ticket.deciding() if not ticket.get_deferred_fields() else None
        ticket._queue_was = ticket.__dict__.get("queue_id")
        return cast("Self", ticket)

    def clean(self) -> None:
        """Take the queue's policy and set the clocks; refuse a queue that takes no new tickets."""
        if self._state.adding and self.queue_id and not self.queue.is_active:
            raise ValidationError({"queue": _("This queue takes no new tickets.")})
        self.complete()

    def save(self, **kwargs: Any) -> None:
        self.complete()
        super().save(**kwargs)
        self._set_by, self._queue_was = self.deciding(), self.queue_id

    def complete(self) -> None:
        """Take the policy of a queue that is new to the ticket, unless it was given one; set the clocks anew."""
        if not self.queue_id:
            return
        was = getattr(self, "_queue_was", None)
        before = getattr(self, "_set_by", None)
        is_given = self.policy_id is not None if before is None else self.policy_id != before["policy_id"]
        if self.queue_id != was and not is_given:
            self.policy_id = self.queue.policy_id
        if self.deciding() != before:
            self.set_clocks()

    def deciding(self) -> dict[str, Any]:
        """Return what decides how the clocks stand."""
        return {name: getattr(self, name) for name in DECIDING}

    def set_clocks(self, *, now: datetime.datetime | None = None) -> None:
        """Read both clocks from what is known: when the ticket stood how, and what is promised."""
        now = now or timezone.now()
        for clock in CLOCKS:
            reading, target = None, self.policy.target(clock, self.priority) if self.policy else None
            if self.policy and target:
                reading = self.reading(self.policy, clock, target, now)
            setattr(self, f"{clock}_target", target // datetime.timedelta(minutes=1) if target else None)
            for name, value in written(reading).items():
                setattr(self, f"{clock}_{name}", value)

    def reading(self, policy: SLAPolicy, clock: str, target: datetime.timedelta, now: datetime.datetime) -> Reading:
        """Return what a clock says."""
        stopped = self.first_replied_at if clock == "first_response" else self.resolved_at
        if clock == "resolution" and self.status not in DONE:
            stopped = None
        runs = self.runs(stopped if clock == "first_response" else None)
        return read(runs, target, policy.hours.calendar(), now=now, stopped_at=stopped)

    def runs(self, until: datetime.datetime | None = None) -> list[Run]:
        """Return the stretches in which clocks ran, up to a moment where one is given."""
        paused = {Status.PENDING, *DONE}
        if self.policy is not None and self.policy.pauses_on_hold:
            paused.add(Status.ON_HOLD)
        found = [(began, ended) for status, began, ended in self.stretches() if status not in paused]
        if until is None:
            return found
        return [(began, min(ended or until, until)) for began, ended in found if began < until]

    def stretches(self) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
        """Return how the ticket stood from when to when, also as it is about to be written."""
        known: list[Any] = [] if self._state.adding else self.known_stretches()
        if not known:
            return [(self.status, self.opened_at, None)]
        status, began, ended = known[-1]
        if status != self.status and ended is None:
            known[-1:] = [(status, began, max(began, self.status_since)), (self.status, self.status_since, None)]
        return known

    def known_stretches(self) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
        """Return how the ticket stood from when to when, as far as it is written."""
        rows = sorted(self.periods.all(), key=lambda one: (one.began_at, one.pk))
        return [(one.status, one.began_at, one.ended_at) for one in rows]

    @property
    def is_done(self) -> bool:
        """Whether it is resolved or closed."""
        return self.status in DONE

    @property
    def next_due(self) -> datetime.datetime | None:
        """When the next target is missed; None where no clock runs."""
        return self.next_due_at if self.next_due_at < NEVER else None

    @property
    def reply_address(self) -> str:
        """Where replies go; empty where the customer has no address."""
        return self.email or self.customer.email


def written(reading: Reading | None) -> dict[str, Any]:
    """Return what the ticket keeps of a reading."""
    if reading is None:
        return {"due_at": None, "left": None, "breached_at": None}
    left = max(0, int(reading.left.total_seconds())) if reading.due_at is None else None
    return {"due_at": reading.due_at, "left": left, "breached_at": reading.breached_at}
