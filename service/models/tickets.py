"""A ticket: one request of a customer, until it is answered, and the clocks that measure it."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, cast

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from crm.models import Record, SearchKey, User
from crm.querysets import RecordQuerySet
from customers.models import Customer
from service.models.measured import ACTIVE, DONE, KEPT, Measured, Status
from service.models.policies import CLOCKS, Priority
from service.models.queues import Queue
from service.models.triggers import ticket_triggers

if TYPE_CHECKING:
    from uuid import UUID

SEARCHED: Final = ("number", "subject")
SET_BY_VERBS: Final = ("number", "status", "status_since", "assignee", "opened_at", "first_replied_at", "resolved_at")
NEVER: Final = datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC)


class NumberField(models.CharField):  # type: ignore[type-arg]  # not generic when it runs
    """A text that the database writes when a row is inserted without one."""

    db_returning = True


class TicketQuerySet(RecordQuerySet):
    def active(self) -> Self:
        """Keep what is still to be resolved."""
        return self.filter(status__in=ACTIVE)

    def of(self, user: User) -> Self:
        """Keep what somebody has to resolve."""
        return self.active().filter(assignee=user.pk)

    def making_up(self, key: UUID) -> Self:
        """Keep a ticket and those that were merged into it."""
        return self.filter(Q(pk=key) | Q(merged_into=key))

    def standing_for(self, key: UUID) -> UUID:
        """Return the ticket that a ticket was merged into, however often; the ticket itself where it was not."""
        while (winner := self.filter(pk=key).values_list("merged_into", flat=True).first()) is not None:
            key = winner
        return key

    def most_urgent_first(self) -> Self:
        """Order by what is missed next."""
        return self.order_by("next_due_at", "id")


class Ticket(Measured, Record):
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
    set_by_verbs = frozenset({*SET_BY_VERBS, "reopened", "merged_into", *KEPT})

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
            models.Index(
                fields=["next_due_at", "id"],
                name="ticket_nobodys",
                condition=Q(status__in=ACTIVE, assignee__isnull=True),
            ),
            models.Index(fields=["resolved_at"], name="ticket_to_close", condition=Q(status="resolved")),
            models.Index(
                fields=["resolved_at"],
                name="ticket_to_ask",
                condition=Q(status__in=DONE, merged_into__isnull=True),
            ),
            *(
                models.Index(
                    fields=[f"{clock}_breached_at"],
                    name=f"ticket_{clock}_missed",
                    condition=Q(**{f"{clock}_breached_at__isnull": False}),
                )
                for clock in CLOCKS
            ),
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
        if not self.keeps_clocks(before):
            self.set_clocks()

    def keeps_clocks(self, before: dict[str, Any] | None) -> bool:
        """Tell whether the clocks stay as they were read: nothing decides otherwise since, or it was over before.

        Closing what was resolved changes no promise, nor does bringing back what was deleted.
        """
        now = self.deciding()
        if before is None:
            return self._state.adding and self.number != ""
        is_only_closed = before["status"] in DONE and now["status"] in DONE
        return now == (before | {"status": now["status"]} if is_only_closed else before)

    @property
    def is_done(self) -> bool:
        """Whether it is resolved or closed."""
        return self.status in DONE

    @property
    def resolution(self) -> int:
        """Which resolution is the present one, or will be the next: 1 for the first."""
        return self.reopened + 1

    @property
    def next_due(self) -> datetime.datetime | None:
        """When the next target is missed; None where no clock runs."""
        return self.next_due_at if self.next_due_at < NEVER else None

    @property
    def reply_address(self) -> str:
        """Where replies go; empty where the customer has no address."""
        return self.email or self.customer.email
